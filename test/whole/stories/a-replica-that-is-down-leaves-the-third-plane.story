# Of two standbys the one whose Redis answers is chosen, although the other one is preferred.
world promotion=yes planes=3 lock=yes
10     region-redis-dies plane=eu-central-1 for=100
25     plane-refuses plane=eu-west-1 for=60
+0     expect active us-east-1 within=20
+0     expect redis us-east-1 within=5
+0     expect name us-east-1 within=5
