# The API server of the plane that is moved to is dead beside its well server: the switch is complete, and the plane is released when it answers.
world fence=yes
20     expect fence eu-west-1
+0     plane-api-silent plane=eu-central-1 for=90
+2     plane-refuses plane=eu-west-1 for=120
+0     expect name eu-central-1 within=20
+0     expect status state FailedOver within=10
+0     expect fence eu-central-1 within=120
