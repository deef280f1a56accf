# The lock has moved and the name has not: it stays so until a person lets it go on.
world lock=yes
20     plane-refuses plane=eu-west-1
23.04  dns-servfail for=30
+0     expect lock eu-central-1 within=3
+0     edit {"suspend": true}
+0     expect condition Ready False/SuspendedMidSwitch within=10
+0     expect condition Reconciling True/SuspendedMidSwitch
+0     expect status state SuspendedMidSwitch
55     expect name eu-west-1 during=60
+0     expect lock eu-central-1
+0     edit {"suspend": false}
+0     expect name eu-central-1 within=10
+0     expect epoch 2
