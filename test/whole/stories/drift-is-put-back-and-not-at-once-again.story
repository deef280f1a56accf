# drift Enforce: what a person writes over a target is put back, at most once a minute.
world drift=Enforce
20    name-moved-by-hand plane=eu-central-1
+0    expect epoch 2 within=40
+0    expect name eu-west-1 within=5
+5    name-moved-by-hand plane=eu-central-1
+0    expect message Drift "put back at most once a minute" within=45
+0    expect epoch 3 within=75
+0    expect name eu-west-1 within=5
+70   lock-moved-by-hand plane=eu-central-1
+0    expect epoch 4 within=45
+0    expect lock eu-west-1 within=5
