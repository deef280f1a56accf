world mode=Advise
20    plane-refuses plane=eu-west-1
+0    expect condition Ready False/AwaitingHuman within=10
+0    expect epoch 0 during=60
+0    expect name eu-west-1
+0    edit {"mode": "Automatic"}
+0    expect name eu-central-1 within=10
+0    expect lock eu-central-1
