# Whatever is sent in this moment arrives seconds later, when the decision has been made anew: it was made on an older record.
world operators=1
20     plane-refuses plane=eu-west-1
22.98  api-late-requests for=0.15
22.98  api-late-requests for=0.15
22.98  api-late-requests for=0.15
22.98  api-late-requests for=0.15
22.98  api-late-requests for=0.15
+0     expect epoch 1 during=1.5
+0     expect active eu-central-1 within=15
+0     expect epoch 2 during=30
+0     expect rest within=5
