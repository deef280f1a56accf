#!/usr/bin/env bash
# Builds the container image from the Dockerfile, without a daemon, starts it, and leaves it as build/image.tar.
#
#   hack/image.sh [TAG]      default localhost/planekeeper:dev
#
# Fails when the image is larger than it may be, or when the operator in it does not start. The base image is pulled
# where a registry is reached, else made from Debian's packages; storage and base are kept in the cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tag=${1:-localhost/planekeeper:dev}
base=docker.io/library/debian:trixie-slim
limit=26000000 # bytes, unpacked
cache=${PLANEKEEPER_CACHE:-$HOME/.cache/planekeeper}/image
mirror=http://deb.debian.org/debian

say() { printf '%s\n' "$*"; }

sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)

as_root() { "${sudo[@]}" "$@"; }

# chroot isolation works inside containers and without a network of its own; it is why root is needed.
run_buildah() { as_root buildah --root "$cache/root" --runroot "$cache/run" --storage-driver "$driver" "$@"; }

make_base() {
	if run_buildah pull --quiet "$base" >/dev/null 2>&1; then
		say "pulled $base"
		return
	fi
	say "no registry is reached: making $base from $mirror, about a minute"
	local tar=$cache/trixie-slim.tar container
	if [ ! -s "$tar" ]; then
		as_root mmdebstrap --variant=minbase --quiet trixie "$tar.new" "$mirror"
		as_root mv "$tar.new" "$tar"
	fi
	container=$(run_buildah from scratch)
	run_buildah add --quiet "$container" "$tar" / >/dev/null
	run_buildah config --cmd bash "$container"
	run_buildah commit --quiet "$container" "$base" >/dev/null
	run_buildah rm "$container" >/dev/null
}

start() { as_root hack/in-image.sh "$mount" "$@"; }

free_port() {
	local port
	while port=$((20000 + RANDOM % 12000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	echo "$port"
}

# ask PORT PATH: status line, headers and body; nothing while nobody listens.
ask() {
	(
		exec 3<>"/dev/tcp/127.0.0.1/$1"
		printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
		cat <&3
	) 2>/dev/null || true
}

# As a Pod whose API server does not answer: it has to live, say that it is not ready and why, and end when asked to.
check_start() {
	local port account=$work/account answer='' pid status=0
	port=$(free_port)
	mkdir "$account"
	echo token >"$account/token"
	echo planekeeper >"$account/namespace"
	cp /etc/ssl/certs/ca-certificates.crt "$account/ca.crt"
	"${sudo[@]}" env KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=1 \
		hack/in-image.sh "$mount" "$account:/var/run/secrets/kubernetes.io/serviceaccount" -- \
		--leader-elect --metrics-bind-address=0 --health-probe-bind-address="127.0.0.1:$port" >"$log" 2>&1 &
	pid=$!
	for _ in {1..100}; do
		answer=$(ask "$port" /healthz)
		[ -z "$answer" ] && kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	if [[ $answer != *" 200 "* || $(ask "$port" /readyz) != *" 50"*"not listed yet"* ]]; then
		say "the operator in the image does not answer on /healthz and /readyz as it should:" "${answer:-no answer}" >&2
		cat "$log" >&2
		as_root kill "$pid" 2>/dev/null || true
		return 1
	fi
	as_root kill "$pid"
	wait "$pid" || status=$?
	[ "$status" = 0 ] || {
		say "the operator in the image ended with $status:" >&2
		cat "$log" >&2
		return 1
	}
	say "it starts with a read-only root as user 65532: /healthz 200; without an API server /readyz says why; SIGTERM ends it"
}

# Whatever loads images takes this form: docker load, podman load, skopeo copy docker-archive:…, kind load image-archive.
export_archive() {
	mkdir -p build
	as_root rm -f build/image.tar
	run_buildah push --quiet "$tag" "docker-archive:$PWD/build/image.tar:$tag"
	as_root chown "$(id -u):$(id -g)" build/image.tar
}

hack/install.sh image
mkdir -p "$cache"
driver=overlay
if ! run_buildah info >/dev/null 2>&1; then
	driver=vfs # overlay on overlay, as in a container
fi
run_buildah inspect --type image "$base" >/dev/null 2>&1 || make_base

version=$(git describe --tags --always --dirty 2>/dev/null || echo unknown)
work=$(mktemp -d)
log=$work/log
container=
trap 'rm -rf "$work"; [ -z "$container" ] || run_buildah rm "$container" >/dev/null' EXIT
say "building $tag"
if ! run_buildah bud --isolation chroot --pull=never --layers --build-arg "VERSION=$version" -t "$tag" . >"$log" 2>&1; then
	tail -n 40 "$log" >&2
	exit 1
fi

container=$(run_buildah from --pull=never "$tag")
mount=$(run_buildah mount "$container")
bytes=$(as_root du -sb "$mount" | cut -f1)
files=$(as_root find "$mount" -type f | wc -l)
say "$tag: $bytes bytes unpacked in $files files, $limit allowed"
if [ "$bytes" -gt "$limit" ]; then
	as_root find "$mount" -type f -printf '%s %P\n' | sort -rn | head -n 20 >&2
	exit 1
fi
start -- --version
start -- --help >"$log" # as a pipe it could end by SIGPIPE
check_start
export_archive
say "build/image.tar has it: docker load -i build/image.tar, or podman load, or kind load image-archive"
if [[ $tag = localhost/* ]]; then
	say "to a registry: make image IMG=registry.example.com/planekeeper:0.1.0, with the name that it shall have there"
else
	say "to the registry: skopeo copy docker-archive:build/image.tar docker://$tag"
	say "or: ${sudo[*]:+sudo }buildah --root $cache/root --runroot $cache/run --storage-driver $driver push $tag"
fi
