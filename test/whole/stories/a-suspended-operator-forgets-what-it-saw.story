# Three failures in a row, and it is suspended for a second in which the plane comes back: it has to look anew.
world operators=1
20     plane-refuses plane=eu-west-1 for=2.6
22.5   operator-paused for=1.6
+0     expect epoch 1 during=30
+0     expect rest within=5
