# failback Automatic: home once the old plane has been well for stableFor.
world failback=Automatic stable-for=20
20    plane-refuses plane=eu-west-1 for=15
+0    expect name eu-central-1 within=8
35    expect epoch 2 during=18
+0    expect name eu-west-1 within=10
+0    expect epoch 3
+0    expect lock eu-west-1
+0    expect status lastSwitch.reason FailbackDue within=5
+0    expect rest within=10
