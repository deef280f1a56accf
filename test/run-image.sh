#!/usr/bin/env bash
# The image that hack/image.sh left, started as a Pod is, against real servers. Needs root, for mounts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$(hack/venv.sh)/bin/python
run=(env PYTHONDONTWRITEBYTECODE=1 "HOME=$HOME" "$python" -m pytest)
run+=("$@" test/real/image)
if [ "$(id -u)" != 0 ]; then
	run=(sudo --preserve-env=PLANEKEEPER_CACHE,KUBEBUILDER_ASSETS "${run[@]}")
fi
exec "${run[@]}"
