world sites=2
0     expect rest within=30
40    plane-refuses plane=eu-west-1
40    operator-killed operator=0
+0    expect name eu-central-1 within=30
+0    expect epoch 2 during=60
