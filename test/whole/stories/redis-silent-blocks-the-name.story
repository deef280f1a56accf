# A plane that may not write must not get the agents.
world lock=yes
20    plane-refuses plane=eu-west-1
22.9  redis-silent for=60
+0    expect condition Ready False/RedisUnavailable within=10
+0    expect message Ready "blocked at Lock since"
+0    expect name eu-west-1 during=40
+0    expect name eu-central-1 within=30
+0    expect lock eu-central-1
+0    expect epoch 2
