#!/usr/bin/env bash
# Installs the Debian packages that are missing, and says of each what it is for. Nothing to do: quick, no network.
#
#   hack/install.sh GROUP...
#
#   build   what the operator is compiled with       test    checkers and faults for the tests
#   bench   the servers it is run against            image   what the container image is built with
#   go      a Go for hack/tools.sh
set -euo pipefail

packages_build="
gcc|compiles the operator
libc6-dev|C library headers
make|runs the build
pkg-config|finds the libraries
libldns-dev|DNS messages with TSIG
libcurl4-openssl-dev|HTTP and gRPC
libexpat1-dev|XML
libjansson-dev|JSON
libyaml-dev|kubeconfig files
libmicrohttpd-dev|/metrics and /healthz
libhiredis-dev|the Redis protocol
libssl-dev|TLS
zlib1g-dev|keeps long texts small"

packages_bench="
bind9|the DNS server of the bench
bind9-utils|rndc and tsig-keygen
bind9-dnsutils|dig and nsupdate, to look and to play
knot|a DNS server that signs in its own way
knot-dnsutils|kdig and knsupdate, to look and to play
pdns-server|a DNS server whose zones are in a database
pdns-backend-sqlite3|that database
sqlite3|makes it
redis-server|the Redis of the bench
redis-tools|redis-cli, to look and to play
python3|runs the bench
python3-venv|its packages, apart from the system's
openssl|certificates, to look at
curl|metrics, to look at
util-linux|setpriv, so that no server outlives the bench
git|the version that goes into the binary; what Argo CD deploys from"

packages_test="
libcmocka-dev|unit tests
clang|fuzz targets
libclang-rt-dev|sanitizer and fuzzer runtime of clang
faketime|clocks that are wrong
strace|faults and figures of system calls
haproxy|the yardstick for probes
valgrind|counts instructions and allocations for the figures
iproute2|networks that are cut
lua5.1|the health checks for Argo CD
spin|the model of the protocol"

packages_image="
buildah|builds the image without a daemon
mmdebstrap|makes the base image where no registry is reached
uidmap|users in the image
python3|starts the operator in the image
ca-certificates|the CA bundle that goes into it"

packages_go="
golang-go|builds the API server, etcd and the judges from source
ca-certificates|the module proxy is read over TLS"

# Daemons that come with a package and that the bench starts itself, in folders of its own.
services="named bind9 knot pdns redis-server haproxy"

say() { printf '%s\n' "$*"; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -q -y -o Acquire::Retries=5 \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# Up to three times: a mirror in the middle of an update gives lists that do not match for a minute.
apt_retrying() {
	local attempt
	for attempt in 1 2 3; do
		if apt "$@" >"$log" 2>&1; then
			return
		fi
		[ "$attempt" = 3 ] || sleep 5
	done
	cat "$log" >&2
	return 1
}

# From here to the end of the script no package may start a daemon; what was there before is put back.
forbid_services() {
	[ ! -e $policy ] || return 0
	printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
	as_root chmod 755 $policy
	made_policy=1
}

clean_up() {
	rm -f "$log"
	[ -z "$made_policy" ] || as_root rm -f $policy
	[ ! -e $backports ] || as_root rm -f $backports
}

candidate() { apt-cache policy "$1" | sed -n 's/.*Candidate: \([0-9]*:\)\?\([0-9.]*\).*/\2/p'; }

at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

go_will_do() { command -v go >/dev/null && at_least "$(go env GOVERSION | sed 's/^go//')" 1.21; }

# Debian 12 has Go 1.19; its backports have one that can fetch the version that a go.mod names.
add_backports_for_go() {
	local codename version
	version=$(candidate golang-go)
	at_least "${version:-0}" 1.21 && return
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	say "Debian $codename has Go ${version:-none}: taking it from $codename-backports, which is added for this install only"
	echo "deb http://deb.debian.org/debian $codename-backports main" | as_root tee $backports >/dev/null
	apt_retrying update
	release=(-t "$codename-backports")
}

has_service() { [ -e "/etc/init.d/$1" ] || [ -e "/lib/systemd/system/$1.service" ]; }

install_group() {
	local group=$1 list="packages_$1" name why release=()
	local -a missing=() fresh=()
	if [ "$group" = go ] && go_will_do; then
		return
	fi
	while IFS='|' read -r name why; do
		if [ -n "$name" ] && { [ "$group" = go ] || ! is_installed "$name"; }; then
			missing+=("$name")
			printf '  %-22s %s\n' "$name" "$why"
		fi
	done <<<"${!list}"
	[ "${#missing[@]}" -gt 0 ] || return 0
	if [ -z "$updated" ]; then
		[ "$(id -u)" = 0 ] || say "sudo may ask for your password"
		forbid_services
		apt_retrying update
		updated=1
	fi
	[ "$group" != go ] || add_backports_for_go
	for name in $services; do
		has_service "$name" || fresh+=("$name")
	done
	say "installing ${#missing[@]} packages for '$group'"
	apt_retrying install --no-install-recommends "${release[@]}" "${missing[@]}"
	for name in "${fresh[@]}"; do
		if has_service "$name"; then # nor at the next boot
			as_root update-rc.d "$name" disable >/dev/null 2>&1 || true
			as_root systemctl disable "$name" >/dev/null 2>&1 || true
		fi
	done
}

policy=/usr/sbin/policy-rc.d
backports=/etc/apt/sources.list.d/planekeeper-backports.list
made_policy='' updated=''
log=$(mktemp)

if [ $# = 0 ]; then
	say "usage: hack/install.sh build|bench|test|image|go..." >&2
	exit 2
fi
for group in "$@"; do
	list="packages_$group"
	if [ -z "${!list:-}" ]; then
		say "hack/install.sh: no group $group" >&2
		exit 2
	fi
done
if ! command -v apt-get >/dev/null; then
	say "This is not Debian: install what these groups name by hand, then run make again:" >&2
	for group in "$@"; do
		list="packages_$group"
		say "${!list}" >&2
	done
	exit 1
fi
trap clean_up EXIT
for group in "$@"; do
	install_group "$group"
done
