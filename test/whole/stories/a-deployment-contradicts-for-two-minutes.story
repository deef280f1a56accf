# The path is cut, the Deployment says that it is well: two minutes of doubt, and then the path decides.
world deployments=yes
20    plane-silent plane=eu-west-1
+0    expect gates PathDownDeploymentUp within=10
+0    expect message Ready "the path decides after 2m" within=5
+0    expect epoch 1 during=105
+0    expect name eu-central-1 within=25
+0    expect rest within=40
