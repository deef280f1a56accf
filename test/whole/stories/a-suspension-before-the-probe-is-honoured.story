# No watch tells of it. It is stored between the last failure but one and the probe that decides, and the read beside that
# probe shows it.
world delay=0 operators=1
20     plane-silent plane=eu-west-1
+0     watches-half-open
20.9   edit {"suspend": true}
+0     expect epoch 1 during=20
+0     expect name eu-west-1
