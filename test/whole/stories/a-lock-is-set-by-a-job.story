# A command sets the lock: the epoch is there first, the name waits for the Pod, which finds no node for a while, and for the value.
world lock-job=yes
20     expect lock eu-west-1
+0     job-finds-no-node for=20
+0     plane-refuses plane=eu-west-1 for=300
+0     expect active eu-central-1 within=20
+0     expect name eu-west-1 during=8
40.5   expect lock eu-central-1 within=3
+0     expect name eu-central-1 within=3
+0     expect rest within=30
+0     expect epoch 2
