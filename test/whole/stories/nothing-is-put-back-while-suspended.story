world drift=Enforce
20    edit {"suspend": true}
+0    expect condition Armed False/Suspended within=5
+0    name-moved-by-hand plane=eu-central-1
+0    expect condition Drift True within=45
+0    expect name eu-central-1 during=120
+0    expect epoch 1
