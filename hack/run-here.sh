#!/usr/bin/env bash
# make run-here: the operator on this machine, against the cluster of the current kubeconfig context.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*"; }

give_up() {
	say "$@" >&2
	exit 1
}

build() {
	hack/install.sh build
	make --no-print-directory -s -j"$(nproc)" build/planekeeper
}

start() { build/planekeeper --leader-elect=false --log-encoding=text "$@"; }

# What cannot work is said before anything is installed or compiled.
no_context='There is no current kubeconfig context: `kubectl config use-context NAME` sets one. `make run` brings clusters of its own.'
if ! kubectl=$(command -v "${KUBECTL:-kubectl}"); then
	[ -n "${KUBECONFIG:-}" ] || [ -e ~/.kube/config ] || give_up "$no_context"
	build
	say "kubectl is not here, so nothing is checked beforehand: running against the current context of ${KUBECONFIG:-~/.kube/config};"
	say "its namespace is the operator's own: the kill switch is ConfigMap planekeeper there. Ctrl-C ends it and leaves DNS and Redis as they are."
	start "$@"
	exit
fi
context=$("$kubectl" config current-context 2>/dev/null) || give_up "$no_context"
if ! answer=$("$kubectl" get crd failoverpolicies.planekeeper.io managementplanes.planekeeper.io 2>&1); then
	say "$answer" >&2
	case $answer in
	*NotFound*) give_up "The CRDs are not in $context: \`make install\` puts them there." ;;
	*) give_up "$context cannot be used. \`make run\` brings clusters of its own." ;;
	esac
fi

build
kubeconfig=$(mktemp) # one file, flattened, whatever KUBECONFIG joins together
chmod 600 "$kubeconfig"
trap 'rm -f "$kubeconfig"' EXIT
"$kubectl" config view --raw --flatten --minify >"$kubeconfig"
namespace=$("$kubectl" config view --minify -o 'jsonpath={..namespace}')
namespace=${namespace:-default}
for argument in "$@"; do
	case $argument in --leader-election-namespace=*) namespace=${argument#*=} ;; esac
done

say "running against $context; Ctrl-C ends it and leaves DNS and Redis as they are"
say "its own namespace is $namespace, so its kill switch is there:"
say "  on    kubectl create configmap planekeeper -n $namespace --from-literal=killSwitch=true"
say "  off   kubectl delete configmap planekeeper -n $namespace"
leader=$("$kubectl" get lease planekeeper -n planekeeper -o 'jsonpath={.spec.holderIdentity}' 2>/dev/null) || leader=
if [ -n "$leader" ]; then
	say "NOTE: $leader leads in namespace planekeeper; this one works beside it, and both write status. To be alone:"
	say "  kubectl scale deployment planekeeper -n planekeeper --replicas=0"
fi
start --kubeconfig="$kubeconfig" "$@"
