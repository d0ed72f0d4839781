#!/bin/sh
# Changes C code at random and tells which changes no quick test notices.
#
# usage: scripts/mutate.sh [--seed N] [--limit SECONDS] [--list] [COUNT] FOLDER-OR-FILE...
#
#   scripts/mutate.sh engine/rules.h              20 changes to the rules
#   scripts/mutate.sh 50 engine io/reports        50, anywhere in there
#   scripts/mutate.sh --list 5 engine/rules.h     prints the changes, and tries none
#
# A change swaps a comparison, && or ||, + or -, is one more or less than a constant, negates a condition, leaves out a
# statement, or returns early. Each is compiled, and the quick tests of the suites unit and scenario run (the latter with 3 threads only) until a
# test fails; a run that takes longer than --limit (by default several times as long as without a change) has noticed too.
# Survivors are printed with file, line and change, and the score comes last. A survivor is a test that is missing, or a
# change that changes nothing a user can see: a person decides.
#
# Equal seeds (default: 1) give equal changes as long as the code is the same. All is done in a copy of the tree in a
# temporary directory, which takes some 200 MB, and goes when this ends. A change costs half a minute or more.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
case ${1-} in
'' | -h | --help)
  sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" | sed '$d'
  exit 0
  ;;
esac
exec python3 "$root/scripts/mutate.py" "$@"
