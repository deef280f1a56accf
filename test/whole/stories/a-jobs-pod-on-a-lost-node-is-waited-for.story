# The node of the Pod that sets the lock is lost, and the plane that it is set to dies: the Job of the next decision waits for that Pod's end.
world lock-job=yes planes=3
20     job-cannot-be-ended for=40
+0     plane-refuses plane=eu-west-1 for=300
+0     expect epoch 2 within=8
+0     plane-refuses plane=eu-central-1 for=300
+0     expect epoch 3 within=8
+0     expect lock eu-west-1 during=2
+0     expect rest within=30
+0     expect lock us-east-1
+0     expect name us-east-1
