#!/bin/sh
# Analyses the code without running it: gcc -fanalyzer, clang-tidy, scan-build and cppcheck.
#
# usage: scripts/check.sh [-j N] [-t TOOL[,TOOL]...] [FOLDER-OR-FILE...]
#
#   scripts/check.sh                         all tools over engine, io, cli and lib: some 20 minutes of processor time
#   scripts/check.sh io/texts cli/run.c      only these
#   scripts/check.sh -t cppcheck,gcc         only these tools, of gcc, clang-tidy, scan-build, cppcheck
#
# Prints what each finds and how long it took, and ends with 0 only when nobody finds anything. What is no mistake is explained at
# its place, by NOLINT(CHECK): REASON or cppcheck-suppress CHECK ; REASON. Checks that are off for the whole code base are in
# .clang-tidy and in scripts/cppcheck.txt, with reasons. The versions are those of Debian 12; others find other things.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"
jobs=$(nproc) tools=cppcheck,gcc,clang-tidy,scan-build
while getopts j:t: option; do
  case $option in
  j) jobs=$OPTARG ;;
  t) tools=$OPTARG ;;
  *) exit 1 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- "$root/engine" "$root/io" "$root/cli" "$root/lib"

# shellcheck disable=SC2086,SC2154 # a list of words, from setup.sh
need_packages $packages_build $packages_check
build=$root/build-check
# With asserts, since analyzers believe them.
CC=gcc configure "$build/gcc" --buildtype=debugoptimized -Dtests=false -Dbench=false
CC=clang configure "$build/clang" --buildtype=debugoptimized -Dtests=false -Dbench=false -Djemalloc=disabled
exec python3 "$root/scripts/check.py" -j "$jobs" "$build" "$tools" "$@"
