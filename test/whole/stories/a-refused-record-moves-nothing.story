# Somebody's admission policy refuses what we write to Leases: it is said, and done as soon as it is let.
world lock=yes
20    records-refused for=60
20    plane-refuses plane=eu-west-1
+0    expect condition Stalled True/RecordRefused within=15
+0    expect name eu-west-1 during=40
+0    expect lock eu-west-1
+0    expect name eu-central-1 within=40
+0    expect rest within=20
