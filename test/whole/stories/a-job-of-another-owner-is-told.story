# A Job that nobody here made has the name of the next one: it is told, nothing is routed, and the switch goes on when it is gone.
world lock-job=yes
20     job-of-another-owner for=30
+0     plane-refuses plane=eu-west-1 for=300
+0     expect active eu-central-1 within=8
+0     expect message Ready "that the operator did not make: delete it" within=5
+0     expect lock eu-west-1 during=10
50     expect lock eu-central-1 within=35
+0     expect name eu-central-1 within=5
+0     expect rest within=10
+0     expect epoch 2
