# What it sees is what it would see if the whole world had died: it thinks of itself first.
world operators=1
20    operator-cut-from-all-but-api for=60
+0    expect message Ready "the operator may be the one that is cut off" within=15
+0    expect epoch 1 during=40
+0    expect name eu-west-1
+0    expect condition Ready True/Steady within=20
+0    expect rest within=10
