#!/usr/bin/env bash
# Builds the container image from the Dockerfile, without a daemon, and starts it.
#
#   hack/image.sh [TAG]      default localhost/planekeeper:dev
#
# Fails when the image is larger than it may be, or when the program in it does not start. The base image is pulled
# where a registry is reached, else made from Debian's packages; storage and base are kept in the cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tag=${1:-localhost/planekeeper:dev}
base=docker.io/library/debian:trixie-slim
limit=26000000 # bytes, unpacked
cache=${PLANEKEEPER_CACHE:-$HOME/.cache/planekeeper}/image
mirror=http://deb.debian.org/debian

say() { printf '%s\n' "$*"; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

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

# Starts the program in the image as the user that the image names, with a root that it cannot write.
start() { run_buildah run --isolation chroot --user 65532:65532 "$container" -- /usr/bin/planekeeper "$@"; }

hack/install.sh image
mkdir -p "$cache"
driver=overlay
if ! run_buildah info >/dev/null 2>&1; then
	driver=vfs # overlay on overlay, as in a container
fi
run_buildah inspect --type image "$base" >/dev/null 2>&1 || make_base

version=$(git describe --tags --always --dirty 2>/dev/null || echo unknown)
log=$(mktemp)
container=
trap 'rm -f "$log"; [ -z "$container" ] || run_buildah rm "$container" >/dev/null' EXIT
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
start --version
start --help >"$log" # as a pipe it could end by SIGPIPE
head -n 1 "$log"
