#!/usr/bin/env bash
# Prints a folder in which redis-server is Valkey, once it is there: before others in PATH it stands in for Redis in the bench and in
# the contract suite.
#
#   PATH="$(hack/valkey.sh):$PATH" python3 test/contract/run.py build/contract
#
# It is Debian's own package of the backports (Valkey is in no stable release before 13), unpacked and not installed: no source is added
# to the machine's. apt verifies it as it does all packages; like those it is the newest one, and it is cached.
set -euo pipefail

cache=${PLANEKEEPER_CACHE:-$HOME/.cache/planekeeper}
folder=$cache/valkey-bookworm-backports
if [ ! -e "$folder/redis-server" ]; then
	mkdir -p "$cache"
	new=$(mktemp -d "$cache/tmp-XXXXXX")
	trap 'rm -rf "$new"' EXIT
	mkdir -p "$new/lists/partial"
	echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main' >"$new/sources"
	options=(-o "Dir::Etc::sourcelist=$new/sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$new/lists"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
	apt-get "${options[@]}" update -qq >&2
	(cd "$new" && apt-get "${options[@]}" download -qq valkey-tools >&2)
	dpkg -x "$new"/valkey-tools_*.deb "$new/unpacked"
	mkdir "$new/bin"
	mv "$new/unpacked/usr/bin/valkey-check-rdb" "$new/bin/redis-server" # one program, whatever it is called
	rm -rf "$folder"
	mv "$new/bin" "$folder"
fi
printf '%s\n' "$folder"
