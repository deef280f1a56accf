world max-switches=1
20    plane-refuses plane=eu-west-1 for=10
+0    expect name eu-central-1 within=8
45    expect condition FailoverPossible True within=10
+0    plane-refuses plane=eu-central-1
+0    expect condition Ready False/FailoverHeld within=15
+0    expect message Ready "maxSwitches 1 in 24h is reached"
+0    expect epoch 2 during=60
+0    annotate ack 2
+0    expect name eu-west-1 within=5
+0    expect epoch 3
