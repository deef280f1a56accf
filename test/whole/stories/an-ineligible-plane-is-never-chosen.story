world lock=yes
20    plane-set-aside plane=eu-central-1
+0    expect condition FailoverPossible False within=10
+0    plane-refuses plane=eu-west-1
+0    expect condition Ready False/FailoverHeld within=15
+0    expect epoch 1 during=120
