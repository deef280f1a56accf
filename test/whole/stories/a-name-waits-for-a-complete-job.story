# A Job that failed is followed by another one of its epoch. The value that it left does not count: the name waits for a Job that is complete.
world lock-job=yes
20     job-fails for=40
+0     plane-refuses plane=eu-west-1 for=300
+0     expect active eu-central-1 within=8
+0     expect lock eu-central-1 within=2
+0     expect name eu-west-1 during=3
+0     expect name eu-central-1 within=5
