# The plane answers again while Redis is away: the number 2 is used up, and the way back is an epoch of its own.
world lock=yes
20    plane-refuses plane=eu-west-1 for=12
22.9  redis-refuses for=20
+0    expect epoch 2 within=3
+0    expect condition Ready False/RedisUnavailable within=3
+0    expect name eu-west-1 during=20
+0    expect epoch 3 within=5
+0    expect active eu-west-1
+0    expect condition Ready True/Steady within=5
+0    expect lock eu-west-1
+0    expect rest within=10
