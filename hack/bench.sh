#!/usr/bin/env bash
# make bench: every figure of docs/figures.md, measured in one run against real servers; nothing else should be running.
#
#   hack/bench.sh [ROW]...    only these rows (see hack/perf/__main__.py); PLANEKEEPER_BENCH_N=20 for a quick look
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

hack/install.sh build bench test image go
make --no-print-directory -s build/planekeeper bench-programs
venv=$(hack/venv.sh)
hack/tools.sh servers >/dev/null
hack/tools.sh naive >/dev/null
hack/tools.sh judges >/dev/null # kustomize-controller

# Packets are watched with the kernel's own times, which needs CAP_NET_RAW.
run=(env PYTHONDONTWRITEBYTECODE=1 "HOME=$HOME" "$venv/bin/python" -m hack.perf "$@")
if [ "$(id -u)" != 0 ]; then
	run=(sudo --preserve-env=PLANEKEEPER_BENCH_N,PLANEKEEPER_BINARY,PLANEKEEPER_CACHE,KUBEBUILDER_ASSETS "${run[@]}")
fi
exec "${run[@]}"
