# Before the point of no return a recovery aborts; a few passes are none.
world deployments=yes operators=1 lock=yes
15     edit {"detection": {"successThreshold": 20}}
40     deployment-without-replicas plane=eu-west-1
40     plane-refuses plane=eu-west-1 for=4
42.9   redis-refuses for=30
+0     expect epoch 2 within=3
+0     expect condition Ready False/RedisUnavailable within=3
45     plane-refuses plane=eu-west-1 for=2.6
49     plane-refuses plane=eu-west-1 for=2.6
53     plane-refuses plane=eu-west-1 for=2.6
57     plane-refuses plane=eu-west-1
+0     expect epoch 2 during=15
+0     expect name eu-west-1
+0     expect name eu-central-1 within=20
+0     expect epoch 2
+0     expect status lastSwitch.reason ThresholdReached within=5
