# The active plane dies: the lock moves, then the name, and both stay.
world operators=2 planes=2 lock=yes
0     expect rest within=15
+0    expect active eu-west-1
+0    expect lock eu-west-1
20    plane-refuses plane=eu-west-1
+0    expect name eu-central-1 within=8
+0    expect lock eu-central-1
+0    expect epoch 2
+0    expect condition Ready True within=5
+0    expect epoch 2 during=30
