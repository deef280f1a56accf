# A look or two that are not answered dismiss nothing; where none is answered any more, the path decides.
world deployments=yes
20    plane-silent plane=eu-west-1
+0    expect gates PathDownDeploymentUp within=15
+0    plane-api-silent plane=eu-west-1 for=1.2
+0    expect epoch 1 during=15
+0    plane-api-silent plane=eu-west-1 for=2.2
+0    expect epoch 1 during=15
+0    expect gates PathDownDeploymentUp
+0    plane-api-silent plane=eu-west-1
+0    expect name eu-central-1 within=15
