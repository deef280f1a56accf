world lock=yes
20    annotate switch-to eu-central-1/1
+0    expect answer "past: epoch 1 was decided already" within=5
+0    annotate switch-to eu-central-1/7
+0    expect answer "refused: the next epoch is 2, not 7" within=5
+0    annotate switch-to eu-nowhere-1/2
+0    expect answer "spec.planes does not name" within=5
+0    annotate switch-to eu-central-1/two
+0    expect answer "not understood" within=5
+0    annotate switch-to eu-west-1/2
+0    expect answer "eu-west-1 is active already" within=5
+0    expect epoch 1 during=20
+0    expect rest
