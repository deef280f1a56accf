# The probe fails before the read beside it is answered: the decision is recorded meanwhile, and nothing comes of it.
world delay=0 operators=1
20     plane-refuses plane=eu-west-1
+0     watches-half-open
20.9   edit {"suspend": true}
+0     expect name eu-west-1 during=20
+0     expect lock eu-west-1
