#!/usr/bin/env bash
# Runs the operator out of an unpacked image, as a container runtime does with the shipped Deployment: that folder is its
# root and cannot be written, it is user 65532 without groups, capabilities or new privileges; the network is the host's.
#
#   hack/in-image.sh ROOT [FILE:PATH]... -- [FLAG]...
#
# A file or folder of the host is seen at PATH, as a Secret or /etc/resolv.conf is. Needs root. The mounts are in a
# namespace of its own and end with the process; what stays in ROOT are empty mount points.
set -euo pipefail

root=$(realpath -- "$1")
shift
mounts=()
while [ "${1:---}" != -- ]; do
	mounts+=("$1")
	shift
done
[ $# = 0 ] || shift

if [ -z "${IN_IMAGE_NAMESPACE:-}" ]; then
	exec env IN_IMAGE_NAMESPACE=1 unshare --mount --propagation private -- "$0" "$root" "${mounts[@]}" -- "$@"
fi
unset IN_IMAGE_NAMESPACE

mount --bind "$root" "$root"
mkdir -p "$root/proc"
mount --rbind /proc "$root/proc"
for pair in "${mounts[@]}"; do
	from=${pair%%:*} to=$root${pair#*:}
	if [ -d "$from" ]; then
		mkdir -p "$to"
	else
		mkdir -p "$(dirname "$to")"
		[ -e "$to" ] || : >"$to"
	fi
	mount --bind "$from" "$to"
	mount -o remount,bind,ro "$to"
done
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec=65532:65532 --groups= "$root" /usr/bin/planekeeper "$@"
