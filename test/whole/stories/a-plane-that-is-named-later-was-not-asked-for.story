# A request that an edit of something else makes sense of.
world lock=no
20    edit {"planes": ["eu-west-1"]}
+1    annotate switch-to eu-central-1/2
+0    expect answer "refused: spec.planes does not name" within=5
+0    annotate adopt eu-central-1/2
+0    expect answer "refused: spec.planes does not name" within=5
+0    edit {"planes": ["eu-west-1", "eu-central-1"]}
+0    expect condition FailoverPossible True/Chosen within=10
+0    expect epoch 1 during=30
+0    expect name eu-west-1
