# It stays in Git for ever: neither a restart nor a later failover may act on it again.
world operators=1
20    annotate switch-to eu-central-1/2
+0    expect name eu-central-1 within=5
+10   plane-refuses plane=eu-central-1 for=20
+0    expect name eu-west-1 within=15
+30   operator-stopped for=3
+5    expect rest within=20
+0    expect epoch 3 during=60
+0    expect name eu-west-1
