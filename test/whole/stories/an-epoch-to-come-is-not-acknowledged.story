# It would end a cool-down that nobody has seen yet.
world cooldown=3600
20    annotate ack 2
+0    expect answer "refused: the epoch in force is 1, and none to come can be acknowledged" within=5
+0    plane-refuses plane=eu-west-1 for=10
+0    expect name eu-central-1 within=8
45    expect condition FailoverPossible True within=10
+0    plane-refuses plane=eu-central-1
+0    expect condition Ready False/FailoverHeld within=15
+0    expect message Ready "cooling down until"
+0    expect epoch 2 during=30
