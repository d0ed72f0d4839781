#!/bin/sh
# usage: scripts/faults.sh [BUILD]
#
# All faults of tests/faults, each call of each kind, and 100 kills: half an hour or more. BUILD: a build with tests.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
build=${1:-$root/build-test}
status=0
python3 "$root/tests/faults/outputs.py" "$build/tcpreuse" "$root" --kills 100 || status=1
python3 "$root/tests/faults/faults.py" "$build/tests/faults/tcpreuse_faults" "$build/tests/faults/faults_shim.so" \
  "$build/tcpreuse_libpcap.so" "$root" --all || status=1
exit $status
