# No watch tells of it, and the policies that decide are read by one LIST, which begins with the probe.
world delay=0 operators=1 prepare=yes list=yes
20     plane-refuses plane=eu-west-1
+0     watches-half-open
20.9   edit {"suspend": true}
+0     expect epoch 1 during=20
+0     expect name eu-west-1
