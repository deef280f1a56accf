world operators=1
20    operator-stopped for=8
+3    annotate switch-to eu-central-1/2
+0    expect name eu-west-1 during=4
+0    expect name eu-central-1 within=20
+0    expect answer "accepted: epoch 2" within=5
