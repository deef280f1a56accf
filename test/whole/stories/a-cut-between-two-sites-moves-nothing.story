# decisionStore DNS: each site sees the other die, and the operator inside says that it lives.
world sites=2
0     expect rest within=30
40    operator-cut-from-plane operator=0 plane=eu-central-1 for=60
40    operator-cut-from-plane operator=1 plane=eu-west-1 for=60
+0    expect epoch 1 during=90
+0    expect name eu-west-1
