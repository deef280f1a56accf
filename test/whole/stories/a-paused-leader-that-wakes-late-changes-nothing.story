# It is paused before its decision, another leads and switches; when it wakes, what it knows is old.
world operators=2
0     operator-killed operator=0 for=8
+0    expect leader 1 within=15
20    plane-refuses plane=eu-west-1
21    operator-paused operator=1 for=60
+0    expect leader 0,1 within=30
+0    expect name eu-central-1 within=15
+0    expect epoch 2
80.5  expect leader 0 within=3
+0    expect epoch 2 during=40
+0    expect name eu-central-1
+0    expect rest within=20
