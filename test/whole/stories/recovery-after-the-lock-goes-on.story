# Past the point of no return a recovery changes nothing: the name follows the lock as soon as DNS answers.
world lock=yes
20     plane-refuses plane=eu-west-1 for=10
23.04  dns-servfail for=25
+0     expect lock eu-central-1 within=3
+0     expect name eu-west-1 during=20
+0     expect epoch 2
+0     expect name eu-central-1 within=15
+0     expect epoch 2 during=10
+0     expect rest within=10
