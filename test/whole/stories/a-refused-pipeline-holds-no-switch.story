# Nobody may touch the object: the switch is complete all the same, the lag is told, and the object follows when it may be touched.
world promotion=yes pipeline=yes
20     pipeline-refused for=60
+0     plane-refuses plane=eu-west-1 for=300
+0     expect name eu-central-1 within=20
+0     expect status state FailedOver within=5
+0     expect pipeline eu-west-1 during=30
+0     expect pipeline eu-central-1 within=60
