#!/bin/sh
# Changes C code at random and reports the changes that no quick test notices.
#
# usage: scripts/mutate.sh [--seed N] [--limit SECONDS] [--list] [COUNT] FOLDER-OR-FILE...
#
#   scripts/mutate.sh engine/rules.h              20 changes to the rules
#   scripts/mutate.sh 50 engine io/reports        50, anywhere in there
#   scripts/mutate.sh --list 5 engine/rules.h     prints the changes, and tries none
#
# A change swaps a comparison, && and ||, or + and -; it adds 1 to a constant or subtracts 1; it negates a condition, leaves
# out a statement, or returns early. After each change the quick tests of the suites unit and scenario (the latter with 3
# threads only) run until one fails. A run longer than --limit (by default several times as long as without a change) counts
# as noticed. Survivors are printed with file, line and change; the score comes last. A survivor means that a test is missing,
# or that the change makes no difference to a user: a person decides.
#
# Equal seeds (default: 1) give equal changes as long as the code is the same. All is done in a copy of the tree in a
# temporary directory, which takes some 200 MB and is removed at the end. A change takes half a minute or more.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
case ${1-} in
'' | -h | --help)
  sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" | sed '$d'
  exit 0
  ;;
esac
exec python3 "$root/scripts/mutate.py" "$@"
