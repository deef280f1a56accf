# Silent from just before the decision on: it waits, and nobody is called.
world lock=no
20    plane-refuses plane=eu-west-1
22.9  dns-silent for=40
+0    expect condition Ready False/DNSUnavailable within=15
+0    expect condition Stalled nothing
+0    expect name eu-west-1 during=20
+0    expect name eu-central-1 within=30
+0    expect rest within=10
