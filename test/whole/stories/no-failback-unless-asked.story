world failback=Manual stable-for=2
20    plane-refuses plane=eu-west-1 for=15
+0    expect name eu-central-1 within=8
40    expect condition FailoverPossible True within=10
+0    expect epoch 2 during=120
+0    expect condition Ready True/FailedOver
+0    annotate switch-to eu-west-1/3
+0    expect name eu-west-1 within=5
+0    expect answer "accepted: epoch 3"
