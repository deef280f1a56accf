# The only replica has begun anew and has no copy yet: the plane that fails is not left for one that would write to nothing.
world promotion=yes
10     region-redis-copy-hangs plane=eu-central-1 for=60
+0     region-redis-dies plane=eu-central-1 for=2
25     expect condition FailoverPossible False/RedisReplicaNotSynced within=12
+0     plane-refuses plane=eu-west-1 for=200
+10    expect gates NoFitStandby within=10
+0     expect name eu-west-1 during=20
+0     expect redis eu-west-1
+0     expect name eu-central-1 within=40
+0     expect redis eu-central-1 within=12
