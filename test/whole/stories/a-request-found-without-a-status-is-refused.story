# The status is lost while nobody is there: whether the request was refused before is not known.
world operators=1
20    operator-stopped for=8
+3    annotate switch-to eu-central-1/2
+1    status-wiped
+0    expect answer "refused: it stood here when the status was lost" within=30
+0    expect epoch 1 during=30
+0    annotate switch-to eu-central-1/2/again
+0    expect name eu-central-1 within=5
