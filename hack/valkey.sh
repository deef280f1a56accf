#!/usr/bin/env bash
# Prints a folder in which redis-server is Valkey, once it is there: before others in PATH it stands in for Redis in the bench and in
# the contract suite.
#
#   PATH="$(hack/valkey.sh):$PATH" python3 test/contract/run.py build/contract
#
# It is Debian's own package of the backports (Valkey is in no stable release before 13), unpacked and not installed: no source is added
# to the machine's. What is downloaded is checked by its hash and cached.
set -euo pipefail

version=8.0.1+dfsg1-1~bpo12+1
sha256=d2c2ea67642fa9571a07138b80ae52ebe566311c952aef25a39c1d5050697853 # of valkey-tools for amd64, which has the server's program, too
cache=${PLANEKEEPER_CACHE:-$HOME/.cache/planekeeper}
folder=$cache/valkey-${sha256:0:16}
if [ ! -e "$folder/redis-server" ]; then
	[ "$(dpkg --print-architecture)" = amd64 ] || { echo "hack/valkey.sh knows Valkey for amd64 only" >&2; exit 1; }
	mkdir -p "$cache"
	new=$(mktemp -d "$cache/tmp-XXXXXX")
	trap 'rm -rf "$new"' EXIT
	mkdir -p "$new/lists/partial"
	echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main' >"$new/sources"
	options=(-o "Dir::Etc::sourcelist=$new/sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$new/lists"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
	apt-get "${options[@]}" update -qq >&2
	(cd "$new" && apt-get "${options[@]}" download -qq "valkey-tools=$version" >&2)
	echo "$sha256  $(echo "$new"/valkey-tools_*.deb)" | sha256sum --check --quiet >&2
	dpkg -x "$new"/valkey-tools_*.deb "$new/unpacked"
	mkdir "$new/bin"
	mv "$new/unpacked/usr/bin/valkey-check-rdb" "$new/bin/redis-server" # one program, whatever it is called
	rm -rf "$folder"
	mv "$new/bin" "$folder"
fi
printf '%s\n' "$folder"
