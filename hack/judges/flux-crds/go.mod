// Nothing is compiled here: hack/tools.sh copies Flux's CRDs out of these two modules, whose contents go.sum pins.
module planekeeper.io/hack/judges/flux-crds

go 1.26.0

require (
	github.com/fluxcd/kustomize-controller v1.9.5
	github.com/fluxcd/source-controller v1.9.5
)
