# A hand-over goes to the plane that was chosen, also where the primary knows only the other replica.
world promotion=yes planes=3
20     annotate switch-to us-east-1/2
+0     expect redis us-east-1 within=5
+0     expect rest within=20
+0     annotate switch-to eu-west-1/3
+0     expect redis eu-west-1 within=5
+0     expect rest within=20
+0     annotate switch-to eu-central-1/4
+0     expect redis eu-central-1 within=5
+0     expect name eu-central-1 within=5
+0     expect rest within=20
