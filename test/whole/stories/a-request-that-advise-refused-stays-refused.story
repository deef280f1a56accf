# Neither the mode nor a restart makes a request act that was refused; asking again does.
world operators=1
20    edit {"mode": "Advise"}
+0    expect status effectiveMode Advise within=5
+0    annotate switch-to eu-central-1/2
+0    expect answer "refused: in mode Advise nothing is written" within=5
+0    edit {"mode": "Automatic"}
+0    expect status effectiveMode Automatic within=5
+0    expect epoch 1 during=10
+0    operator-stopped for=3
+5    expect rest within=20
+0    expect epoch 1 during=30
+0    expect answer "refused"
+0    annotate switch-to eu-central-1/2/again
+0    expect name eu-central-1 within=5
+0    expect epoch 2
