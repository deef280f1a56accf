#!/usr/bin/env bash
# Writes test/real/last-release.tar.xz, what the last release is built from: a checkout of CI may have no history.
#   hack/last-release.sh COMMIT   run by hand when a release is made
set -eu
cd "$(dirname "$0")/.."
git archive "$1" controller Makefile | xz -9e >test/real/last-release.tar.xz
echo "$1: $(wc -c <test/real/last-release.tar.xz) bytes"
