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

# Not chroot(1) and setpriv(1), because the signal for the death of our parent is lost where the user changes, and is to
# be set anew on the other side.
exec python3 -c '
import ctypes, os, sys

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, SIGKILL = 1, 24, 38, 9
prctl = ctypes.CDLL(None).prctl
os.chroot(sys.argv[1])
os.chdir("/")
for capability in range(64):
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.setgroups([])
os.setgid(65532)
os.setuid(65532)
prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
os.execv("/usr/bin/planekeeper", ["planekeeper", *sys.argv[2:]])
' "$root" "$@"
