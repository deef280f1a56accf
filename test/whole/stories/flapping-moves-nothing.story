# Down for less than failoverDelay, again and again: it says so each time, and nothing is decided.
world delay=6
20    plane-refuses plane=eu-west-1 for=4
+0    expect message Ready "switching at" within=5
30    plane-refuses plane=eu-west-1 for=4
+0    expect message Ready "switching at" within=5
+0    expect condition Ready True/Steady within=5
40    plane-refuses plane=eu-west-1 for=4
+0    expect epoch 1 during=20
+0    expect rest within=5
