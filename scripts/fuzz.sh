#!/bin/sh
# Runs a fuzz target under libFuzzer with AddressSanitizer and UBSan, in build-fuzz/.
#
# usage: scripts/fuzz.sh TARGET SECONDS [ARGUMENT-OF-LIBFUZZER...]
#
#   scripts/fuzz.sh decode 1800              any bytes as a frame of any link type
#   scripts/fuzz.sh capture 1800             any bytes as a capture file, with one thread and with three
#   scripts/fuzz.sh rules 1800               any segments through tables and rules, beside a plain reference
#   scripts/fuzz.sh formats 1800             any bytes as a file of a format that is named
#   scripts/fuzz.sh streams 1800             any bytes as a compressed stream, or compressed and then damaged
#   scripts/fuzz.sh merge 1800               three files that overlap, beside the file that they make
#   scripts/fuzz.sh compressed 1800          any bytes as a capture that is compressed, beside the capture as it is
#   scripts/fuzz.sh fragments 1800           any fragments through the table that puts them together, beside a plain reference
#   scripts/fuzz.sh states 1800              any segments through a run that is saved, and goes on; and changed states
#   scripts/fuzz.sh saved 1800               any bytes as what pieces and states hold
#   scripts/fuzz.sh escapes 1800             any text as JSON, in a page and in messages
#   scripts/fuzz.sh command 1800             any words as a command line, lists, timers and filters
#   scripts/fuzz.sh rules 600 -fork=2        two processes
#
# New inputs are added to build-fuzz/corpus/TARGET, where later runs start. Inputs that fail are written to
# build-fuzz/found/TARGET; make a test of each. At the end libFuzzer says how many inputs were executed and how much of the
# code they reach (cov: edges). Exit status: 0, or that of libFuzzer.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"
[ $# -ge 2 ] || fail "wants a target and seconds; see $0 --help"
target=$1 seconds=$2
shift 2
[ -f "$root/tests/fuzz/$target.c" ] || fail "there is no tests/fuzz/$target.c"

# shellcheck disable=SC2086,SC2154 # lists of words, from setup.sh
need_packages $packages_build clang libclang-rt-dev python3
if [ ! -f "$root/build-fuzz/build.ninja" ]; then
  CC=clang configure "$root/build-fuzz" --buildtype=debugoptimized -Dfuzz=true -Db_sanitize=address,undefined \
    -Db_lundef=false -Djemalloc=disabled -Dtests=true -Dbench=false
fi
ninja -C "$root/build-fuzz" "tests/fuzz/fuzz_$target" tests/fuzz/seeds >&2
corpus=$root/build-fuzz/corpus/$target found=$root/build-fuzz/found/$target
mkdir -p "$corpus" "$found"
dictionary=$root/build-fuzz/tests/fuzz/seeds/$target.dict
[ ! -f "$dictionary" ] || set -- -dict="$dictionary" "$@"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
exec "$root/build-fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -artifact_prefix="$found/" -print_final_stats=1 \
  "$@" "$corpus" "$root/build-fuzz/tests/fuzz/seeds/$target"
