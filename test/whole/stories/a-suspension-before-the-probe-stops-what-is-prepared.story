# The switch is prepared by then, and only the read beside the probe that decides can show the suspension.
world delay=0 operators=1 prepare=yes
20     plane-refuses plane=eu-west-1
+0     watches-half-open
20.9   edit {"suspend": true}
+0     expect epoch 1 during=20
+0     expect name eu-west-1
