# Nobody is fit: nothing moves, nobody takes it for an outage of the operator's own, and the first that is well is gone to.
world planes=3
20    plane-refuses plane=eu-west-1
20    plane-refuses plane=eu-central-1 for=60
20    plane-refuses plane=us-east-1
+0    expect condition Ready False/FailoverHeld within=10
+0    expect gates SameSymptomEverywhere,NoFitStandby
+0    expect condition Stalled nothing
+0    expect epoch 1 during=45
+0    expect name eu-west-1
80    expect name eu-central-1 within=15
+0    expect lock eu-central-1
