# Each pass starts failoverDelay anew, and none makes the plane healthy before successThreshold: one that stays away is left.
world deployments=yes operators=1 delay=4
15     edit {"detection": {"successThreshold": 20}}
40     deployment-without-replicas plane=eu-west-1
40     plane-refuses plane=eu-west-1 for=2.6
43.8   plane-refuses plane=eu-west-1 for=2.6
47.6   plane-refuses plane=eu-west-1 for=2.6
+0     expect condition Ready False/ActiveUnhealthy
51.4   plane-refuses plane=eu-west-1 for=2.6
55.2   plane-refuses plane=eu-west-1 for=2.6
59     expect message Ready "answers again; 20 passes in a row are wanted" within=3
+0     expect condition Ready False/ActiveUnhealthy
+0     expect epoch 1
+0     plane-refuses plane=eu-west-1
+0     expect epoch 1 during=3.5
+0     expect name eu-central-1 within=6
