# A plane goes with its cluster: nothing waits for its fence, the other plane is released, and the fence is shut as soon as the cluster answers.
world fence=yes
20     expect fence eu-west-1
+0     plane-refuses plane=eu-west-1 for=90
+0     plane-api-silent plane=eu-west-1 for=90
+0     expect name eu-central-1 within=20
+0     expect fence nothing within=20
+0     expect fence nothing during=20
+0     expect fence eu-central-1 within=90
