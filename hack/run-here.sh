#!/usr/bin/env bash
# make run-here: the operator on this machine, against the cluster of the current kubeconfig context.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

hack/install.sh build
make --no-print-directory -s build/planekeeper
kubectl=$(command -v kubectl || echo "$(hack/tools.sh servers)/kubectl")
context=$("$kubectl" config current-context) || {
	echo "There is no current kubeconfig context. \`make run\` brings its own clusters." >&2
	exit 1
}
if ! "$kubectl" get crd failoverpolicies.planekeeper.io managementplanes.planekeeper.io >/dev/null; then
	echo "The CRDs are not in $context (or it cannot be reached). \`make install\` puts them there." >&2
	exit 1
fi
echo "running against $context; Ctrl-C ends it and leaves DNS and Redis as they are"
kubeconfig=$(mktemp) # one file, flattened, whatever KUBECONFIG joins together
chmod 600 "$kubeconfig"
trap 'rm -f "$kubeconfig"' EXIT
"$kubectl" config view --raw --flatten --minify >"$kubeconfig"
build/planekeeper --kubeconfig="$kubeconfig" --leader-elect=false --log-encoding=text "$@"
