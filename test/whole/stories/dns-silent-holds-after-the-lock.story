world lock=yes
20     plane-refuses plane=eu-west-1
23.04  dns-silent for=40
+0     expect lock eu-central-1 within=3
+0     expect condition Ready False/DNSUnavailable within=15
+0     expect condition Stalled nothing
+0     expect name eu-west-1 during=15
+0     expect name eu-central-1 within=35
+0     expect epoch 2
