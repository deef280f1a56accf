# Its Deployment has no replica, and then one look at it is not answered: it is no better for that.
world deployments=yes
20    deployment-without-replicas plane=eu-central-1 for=60
+0    expect condition FailoverPossible False/NoStandby within=10
+0    plane-refuses plane=eu-west-1
+0    deployment-without-replicas plane=eu-west-1
+0    expect condition Ready False/FailoverHeld within=15
+0    plane-api-silent plane=eu-central-1 for=1.2
+0    expect epoch 1 during=20
82    expect name eu-central-1 within=15
