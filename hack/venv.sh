#!/usr/bin/env bash
# Makes a Python environment from a list of packages, once, and prints its path: that of the bench and the tests where no list is named.
#
#   hack/venv.sh [REQUIREMENTS]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
requirements=${1:-$here/../test/requirements.txt}
cache=${PLANEKEEPER_CACHE:-$HOME/.cache/planekeeper}
python=${PYTHON:-python3}

# The interpreter is part of the name: an environment does not survive a change of it.
hash=$(cat "$requirements" <("$python" -c 'import sys; print(sys.version, sys.base_prefix)') | sha256sum | cut -c1-16)
venv=$cache/venv-$hash
if [ ! -e "$venv/.complete" ]; then
	mkdir -p "$cache"
	exec 9>"$cache/.venv.lock"
	flock 9
	if [ ! -e "$venv/.complete" ]; then
		printf 'installing the Python packages of %s, about a minute\n' "$requirements" >&2
		rm -rf "$venv"
		"$python" -m venv "$venv"
		"$venv/bin/pip" install --quiet --disable-pip-version-check --retries 5 -r "$requirements" >&2
		touch "$venv/.complete"
	fi
	exec 9>&-
fi
printf '%s\n' "$venv"
