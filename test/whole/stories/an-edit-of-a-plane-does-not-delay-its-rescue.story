# A person who hurries to say something of the plane does not start detection anew by it.
world operators=1 delay=6
20     plane-refuses plane=eu-west-1
23     plane-set-aside plane=eu-west-1
+0     expect epoch 1 during=2.5
+0     expect name eu-central-1 within=1.5
