#!/usr/bin/env bash
# Builds the Go programs of the bench from their modules, once, and prints the folder they are in.
#
#   hack/tools.sh servers    kube-apiserver, etcd and kubectl: what every test and `make run` needs
#   hack/tools.sh judges     kubectl-validate, kube-score, promtool, kstatus, porcupine, kustomize-controller and Flux's CRDs
#   hack/tools.sh gitops     argocd (application-controller and repo-server of Argo CD) and its CRDs
#   hack/tools.sh naive      the operator that stands beside this one in `make bench` (hack/naive)
#   hack/tools.sh all        all but the last, one line each
#
# Order for the servers: KUBEBUILDER_ASSETS where it has all three, the cache, the release of controller-tools' envtest,
# the build from source (about 5 minutes cold on two cores). What is downloaded is pinned by servers/envtest.sha512, what
# is built by go.mod and go.sum; both are cached under a hash of those files, so a change gets it anew.
# PLANEKEEPER_ENVTEST_URL: a mirror of the releases (also file://); "none": build from source.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${PLANEKEEPER_CACHE:-$HOME/.cache/planekeeper}
export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN=${GOTOOLCHAIN:-auto} # Debian's own default forbids fetching one
export GOFLAGS="${GOFLAGS:-} -trimpath -buildvcs=false"

# version_of FOLDER MODULE: the version that a go.mod pins.
version_of() { awk -v module="$2" '{ sub(/^require /, "") } $1 == module && $2 ~ /^v/ { print substr($2, 2); exit }' "$here/$1/go.mod"; }

kubernetes=$(version_of servers k8s.io/kubernetes)
component=k8s.io/component-base/version
version_flags="-X $component.gitVersion=v$kubernetes -X $component.gitMajor=${kubernetes%%.*}"
version_flags+=" -X $component.gitMinor=$(cut -d. -f2 <<<"$kubernetes")"

worker='' # the compiler at work, to be ended with us

say() { printf '%s\n' "$*" >&2; }

give_up() {
	[ -z "$worker" ] || kill "$worker" 2>/dev/null || true
	rm -rf "$new"
}

# build FOLDER PROGRAM MODULE PACKAGE MINUTES [FLAG...]: one program into $new, with the time on a line that moves.
build() {
	local folder=$1 program=$2 version package=$4 minutes=$5 log status=0
	version=$(version_of "$1" "$3")
	shift 5
	log=$new/$program.log
	local what="building $program${version:+ $version} from source, about $minutes on two cores"
	(cd "$here/$folder" && exec nice -n 10 go build -p 2 "$@" -o "$new/$program" "$package") >"$log" 2>&1 &
	worker=$!
	local started=$SECONDS shown=-30
	while kill -0 "$worker" 2>/dev/null; do
		local spent=$((SECONDS - started))
		if [ -t 2 ]; then
			printf '\r%s: %dm%02ds' "$what" $((spent / 60)) $((spent % 60)) >&2
		elif ((spent - shown >= 30)); then
			say "$what: $((spent / 60))m$((spent % 60))s"
			shown=$spent
		fi
		sleep 1
	done
	wait "$worker" || status=$?
	worker=''
	local spent=$((SECONDS - started))
	[ ! -t 2 ] || printf '\r' >&2
	if [ "$status" != 0 ]; then
		say "building $program failed after ${spent}s:"
		tail -n 20 "$log" >&2
		return 1
	fi
	say "built $program in $((spent / 60))m$((spent % 60))s                                        "
	rm -f "$log"
}

# The release for this machine, checked before it is unpacked; false where there is none or it is not reached.
download_servers() {
	local archive url=${PLANEKEEPER_ENVTEST_URL:-https://github.com/kubernetes-sigs/controller-tools/releases/download}
	archive=$(awk -v arch="$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')" \
		'$2 ~ "-linux-" arch "\\." { print $2 }' "$here/servers/envtest.sha512")
	[ -n "$archive" ] && [ "$url" != none ] && command -v curl >/dev/null || return 1
	say "downloading ${archive%.tar.gz} (kube-apiserver, etcd, kubectl)"
	if ! curl -fsSL --proto =https,file --proto-redir =https --connect-timeout 5 --max-time 600 --max-filesize 500M \
		-o "$new/$archive" "$url/${archive%-linux-*}/$archive" 2>"$new/curl.log"; then
		say "not to be had ($(tail -n 1 "$new/curl.log")): building from source"
		return 1
	fi
	if ! (cd "$new" && grep -F "  $archive" "$here/servers/envtest.sha512" | sha512sum --check --status); then
		say "$archive is not what servers/envtest.sha512 names: not used, building from source"
		return 1
	fi
	tar -xzf "$new/$archive" --no-same-owner --strip-components=2 -C "$new" \
		controller-tools/envtest/{etcd,kube-apiserver,kubectl} && rm "$new/$archive" "$new/curl.log"
}

build_servers() {
	if download_servers; then
		return
	fi
	rm -rf "${new:?}"/*
	need_go servers
	local etcd=go.etcd.io/etcd/server/v3 k8s=k8s.io/kubernetes
	build servers etcd $etcd $etcd "2 minutes" -ldflags "-s -w"
	build servers kube-apiserver $k8s $k8s/cmd/kube-apiserver "7 minutes" -ldflags "-s -w $version_flags"
	build servers kubectl $k8s $k8s/cmd/kubectl "1 minute" -ldflags "-s -w $version_flags"
}

build_judges() {
	need_go judges
	local score=github.com/zegl/kube-score prometheus=github.com/prometheus/prometheus
	local validate=sigs.k8s.io/kubectl-validate flux=github.com/fluxcd/kustomize-controller
	build judges/kstatus kstatus "" . "2 minutes" -ldflags "-s -w"
	build judges/porcupine porcupine "" . "1 minute" -ldflags "-s -w"
	build judges/kube-score kube-score $score $score/cmd/kube-score "1 minute" -ldflags "-s -w"
	build judges/promtool promtool $prometheus $prometheus/cmd/promtool "2 minutes" \
		-tags remove_all_sd -ldflags "-s -w"
	build judges/kubectl-validate kubectl-validate $validate $validate "3 minutes" -ldflags "-s -w"
	build judges/kustomize-controller kustomize-controller $flux $flux "4 minutes" -ldflags "-s -w"
	copy_flux_crds
}

build_gitops() {
	local argo=github.com/argoproj/argo-cd/v3 folder
	need_go gitops
	build gitops argocd $argo . "7 minutes" -ldflags "-s -w"
	folder=$(cd "$here/gitops" && go list -m -f '{{.Dir}}' $argo)
	mkdir -p "$new/argo-crds"
	install -m 644 "$folder"/manifests/crds/*-crd.yaml "$new/argo-crds/"
}

build_naive() {
	need_go naive
	build naive naive "" . "2 minutes" -ldflags "-s -w"
}

# The CRDs of Flux come out of its modules, checked by go.sum; they are not ours to commit.
copy_flux_crds() {
	local module folder
	mkdir -p "$new/flux-crds"
	for module in kustomize-controller source-controller; do
		(cd "$here/judges/flux-crds" && go mod download "github.com/fluxcd/$module")
		folder=$(cd "$here/judges/flux-crds" && go list -m -f '{{.Dir}}' "github.com/fluxcd/$module")
		install -m 644 "$folder"/config/crd/bases/*.yaml "$new/flux-crds/"
	done
}

has_go_for() {
	command -v go >/dev/null && (cd "$(dirname "$(find "$here/$1" -name go.mod | head -n 1)")" && go list -m) >/dev/null 2>&1
}

# Go 1.21 and later fetch the version that a go.mod names from the module proxy, so the version in PATH matters little.
need_go() {
	local wanted
	has_go_for "$1" && return
	"$here/install.sh" go >&2 || true
	has_go_for "$1" && return
	wanted=$(find "$here/$1" -name go.mod -exec sed -n 's/^go //p' {} + | sort -V | tail -n 1)
	say "Go is needed to build the $1 of the bench: 1.21 or later where it may fetch $wanted, else $wanted itself."
	say "Found: $(go version 2>/dev/null || echo none)."
	if [ "$1" = servers ]; then
		say "Or set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl $kubernetes; then no Go is needed."
	fi
	return 1
}

ensure() {
	local group=$1 hash folder
	if [ "$group" = servers ] && [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
		if [ -x "$KUBEBUILDER_ASSETS/kube-apiserver" ] && [ -x "$KUBEBUILDER_ASSETS/etcd" ] &&
			[ -x "$KUBEBUILDER_ASSETS/kubectl" ]; then
			printf '%s\n' "$KUBEBUILDER_ASSETS"
			return
		fi
		say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS lacks kube-apiserver, etcd or kubectl: not used"
	fi
	hash=$(cd "$here/$group" && find . -type f \( -name 'go.*' -o -name '*.go' -o -name '*.sha512' \) | LC_ALL=C sort | xargs cat |
		cat - <(uname -m) | sha256sum | cut -c1-16)
	folder=$cache/bin-$hash
	if [ ! -d "$folder" ]; then
		mkdir -p "$cache"
		exec 9>"$cache/.$group.lock"
		flock -n 9 || { say "another run builds the $group; waiting for it" && flock 9; }
		if [ ! -d "$folder" ]; then
			new=$(mktemp -d "$cache/tmp-XXXXXX")
			trap give_up EXIT
			"build_$group"
			chmod 755 "$new"
			mv -T "$new" "$folder"
			trap - EXIT
		fi
		exec 9>&-
	fi
	printf '%s\n' "$folder"
}

case ${1:-} in
servers | judges | gitops | naive) ensure "$1" ;;
all)
	ensure servers
	ensure judges
	ensure gitops
	;;
*)
	say "usage: hack/tools.sh servers|judges|gitops|naive|all"
	exit 2
	;;
esac
