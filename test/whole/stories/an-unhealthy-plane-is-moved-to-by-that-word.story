# A person may move to a plane that is not fit by naming why it is not, and nothing else; it is not undone for what was known.
world lock=no delay=600
20    plane-refuses plane=eu-central-1
+0    expect condition FailoverPossible False/NoStandby within=15
+0    annotate switch-to eu-central-1/2/CertificateExpired
+0    expect answer "CertificateExpired was confirmed, which it is not" within=5
+0    plane-set-aside plane=eu-central-1 for=30
+1    annotate switch-to eu-central-1/2/Unhealthy
+0    expect answer "eligible: false" within=5
+0    expect epoch 1 during=20
+0    expect name eu-central-1 within=20
+0    expect epoch 2 during=60
