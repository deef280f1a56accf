world lock=yes
20    edit {"suspend": true}
+0    expect condition Armed False/Suspended within=5
+0    annotate switch-to eu-central-1/2
+0    expect answer "waiting: suspended" within=5
+0    expect epoch 1 during=30
+0    edit {"suspend": false}
+0    expect name eu-central-1 within=5
