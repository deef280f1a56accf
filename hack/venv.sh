#!/usr/bin/env bash
# Makes the Python environment of the bench and the tests from test/requirements.txt, once, and prints its path.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
requirements=$here/../test/requirements.txt
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
		printf 'installing the Python packages of test/requirements.txt, about a minute\n' >&2
		rm -rf "$venv"
		"$python" -m venv "$venv"
		"$venv/bin/pip" install --quiet --disable-pip-version-check --retries 5 -r "$requirements" >&2
		touch "$venv/.complete"
	fi
	exec 9>&-
fi
printf '%s\n' "$venv"
