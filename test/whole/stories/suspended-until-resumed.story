world lock=yes
20    edit {"suspend": true}
+0    expect condition Armed False/Suspended within=5
+0    plane-refuses plane=eu-west-1
+0    expect condition Ready False/AwaitingHuman within=10
+0    expect epoch 1 during=120
+0    expect name eu-west-1
+0    edit {"suspend": false}
+0    expect name eu-central-1 within=10
+0    expect epoch 2
