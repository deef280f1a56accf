# Found when the active plane fails first, so that nothing is begun that could not be ended; Redis has forgotten all when it comes back.
world lock=yes
19.5  redis-refuses for=40
20    plane-refuses plane=eu-west-1
+0    expect condition Ready False/FailoverHeld within=10
+0    expect gates MechanismUnreachable
+0    expect condition Stalled nothing
+0    expect epoch 1 during=25
+0    redis-loses-all
+0    expect name eu-central-1 within=25
+0    expect lock eu-central-1
+0    expect epoch 2
