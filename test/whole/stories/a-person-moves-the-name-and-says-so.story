# Drift is told and not fought; then the person says that it was meant.
world lock=no
20    name-moved-by-hand plane=eu-central-1
+0    expect condition Drift True within=40
+0    expect message Ready "adopt=eu-central-1/2"
+0    expect name eu-central-1 during=60
+0    expect epoch 1
+0    annotate adopt eu-central-1/2
+0    expect epoch 2 within=10
+0    expect active eu-central-1
+0    expect answer "accepted: epoch 2"
+0    expect condition Drift False within=5
