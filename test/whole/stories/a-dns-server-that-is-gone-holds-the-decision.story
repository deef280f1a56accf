world lock=no
19.5  dns-refuses for=40
20    plane-refuses plane=eu-west-1
+0    expect condition Ready False/FailoverHeld within=10
+0    expect gates MechanismUnreachable
+0    expect condition Stalled nothing
+0    expect epoch 1 during=25
+0    expect name eu-central-1 within=25
+0    expect epoch 2
