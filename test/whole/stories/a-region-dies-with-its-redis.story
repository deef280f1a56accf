# The plane and the primary go in one instant: the replica takes over, then lock and name follow; what comes back is demoted and moves nothing.
world promotion=yes pipeline=yes lock=yes
20     expect redis eu-west-1
+0     region-dies plane=eu-west-1 for=60
+0     expect redis nothing within=20
+0     expect lock eu-central-1 within=5
+0     expect name eu-central-1 within=3
+0     expect pipeline eu-central-1 within=3
+0     expect active eu-central-1 within=3
80     expect redis eu-central-1 within=20
+0     expect epoch 2
+0     expect rest within=30
+0     expect epoch 2 during=30
