# A second failure within the cool-down waits for a person, who names the epoch that is acknowledged.
world cooldown=3600
20    plane-refuses plane=eu-west-1 for=10
+0    expect name eu-central-1 within=8
45    expect condition FailoverPossible True within=10
+0    plane-refuses plane=eu-central-1
+0    expect condition Ready False/FailoverHeld within=15
+0    expect message Ready "cooling down until"
+0    expect message Ready "planekeeper.io/ack=2"
+0    annotate ack 1
+0    expect answer "past: the epoch in force is 2" within=5
+0    expect epoch 2 during=30
+0    annotate ack 2
+0    expect name eu-west-1 within=5
+0    expect answer "accepted: epoch 2 is acknowledged"
