world lock=yes
20    plane-refuses plane=eu-central-1 for=40
+0    expect condition FailoverPossible False within=15
+0    annotate switch-to eu-central-1/2
+0    expect answer "waiting" within=5
+0    expect name eu-west-1 during=20
+0    expect name eu-central-1 within=30
+0    expect epoch 2
