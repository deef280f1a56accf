# Else the next switch, whoever asked for it, would be followed by this one at once.
world lock=no
20    annotate switch-to eu-west-1/3
+0    expect answer "refused: the next epoch is 2, not 3" within=5
+0    annotate adopt eu-west-1/2
+0    expect answer "accepted: epoch 2" within=5
+0    expect epoch 2 during=20
+0    expect name eu-west-1
