#!/usr/bin/env bash
# make run: from a fresh Debian machine to a failover that can be watched. Installs, builds, then hands over to run.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

hack/install.sh build bench
make --no-print-directory -s build/planekeeper
venv=$(hack/venv.sh)
hack/tools.sh servers >/dev/null
case " $* " in *" --full "*) hack/tools.sh judges >/dev/null ;; esac
exec "$venv/bin/python" -m hack.run "$@"
