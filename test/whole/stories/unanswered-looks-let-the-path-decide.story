# One look that is not answered dismisses nothing; where none is answered any more, the path decides.
world deployments=yes
20    plane-silent plane=eu-west-1
+0    expect message Ready "the path decides after 2m" within=15
+0    plane-api-silent plane=eu-west-1 for=1.2
+0    expect epoch 1 during=20
+0    expect message Ready "the path decides after 2m"
+0    plane-api-silent plane=eu-west-1
+0    expect name eu-central-1 within=15
