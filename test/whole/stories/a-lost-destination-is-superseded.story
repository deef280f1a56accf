# The lock has moved, DNS is away, and now the destination dies: on to the fittest plane, which is the old one.
world lock=yes
20     plane-refuses plane=eu-west-1 for=8
23.04  dns-servfail for=30
+0     expect lock eu-central-1 within=3
35     plane-refuses plane=eu-central-1
+0     expect name eu-west-1 during=15
+0     expect active eu-west-1 within=20
+0     expect lock eu-west-1 within=5
+0     expect name eu-west-1 within=5
+0     expect epoch 3
