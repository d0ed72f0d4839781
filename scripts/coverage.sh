#!/bin/sh
# Which lines and branches the tests run.
#
# usage: scripts/coverage.sh [SUITE...]
#        scripts/coverage.sh --conditions [--fill CASE...]
#
# Builds into build-coverage/, runs the suites, and prints lines and branches by folder. By default it runs nearly all suites, but
# not dpdk, threads, stress, mpi and blind, which take long or measure. build-coverage/coverage.txt has the figures by file, with
# the lines that no test runs. Functions that are always inlined are compiled as they stand (COUNT_CONDITIONS), so that their
# branches are counted once and not at each place where they are called. Needs gcovr.
#
# --conditions: for each decision of the rules, the conversation table and settling, whether its cases in
# tests/decisions/decisions.txt show of each condition that it alone changes the outcome, in build-conditions/. Needs gcc 14 or
# later, as Debian 13 has it (scripts/debian.sh trixie --conditions). --fill chooses among the cases there and those named, of
# which SUITE/ means all of a suite, and writes them there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"
if [ "${1-}" = --conditions ]; then
  shift
  # shellcheck disable=SC2086,SC2154 # lists of words, from setup.sh
  (need_packages $packages_build libcriterion-dev python3) || exit 77
  echo 'int main(void) { return 0; }' | gcc -fcondition-coverage -fsyntax-only -x c - 2>/dev/null ||
    fail "counting conditions needs gcc 14 or later; scripts/debian.sh trixie --conditions has it"
  build=$root/build-conditions
  CC=gcc configure "$build" --buildtype=debug -Db_coverage=true -Db_ndebug=true -Dtests=true -Djemalloc=disabled \
    -Dc_args='-fcondition-coverage -DCOUNT_CONDITIONS'
  ninja -C "$build" tcpreuse tests/stress/stress tests/unit/allocation tests/unit/unit_rules tests/unit/unit_table \
    tests/unit/unit_shard tests/unit/unit_settle >&2
  TCPREUSE_SCENARIO_THREADS='1 3' python3 "$root/tests/decisions/count.py" "$build" "$@"
  exit
fi
[ $# -gt 0 ] || set -- unit scenario formats stream input sets key verdicts state pieces follow forget fuzz conformance library \
  spreadsheet page interfaces faults tracegen

# shellcheck disable=SC2086 # lists of words
need_packages $packages_build $packages_test gcovr
build=$root/build-coverage
configure "$build" --buildtype=debug -Db_coverage=true -Dtests=true -Djemalloc=disabled -Dc_args=-DCOUNT_CONDITIONS
compile "$build"
find "$build" -name '*.gcda' -delete
suites=
for suite in "$@"; do
  suites="$suites --suite $suite"
done
failed=0
# shellcheck disable=SC2086
meson test -C "$build" --no-rebuild --timeout-multiplier 5 $suites >&2 || failed=$?

cd "$root"
gcovr --root . --object-directory "$build" --filter '(engine|io|cli|lib)/' --gcov-ignore-parse-errors \
  --exclude-unreachable-branches --exclude-throw-branches --txt "$build/coverage.txt" --csv "$build/coverage.csv" \
  "$build" >/dev/null
python3 - "$build/coverage.csv" <<'PYTHON'
import collections, csv, os, sys
sums = collections.defaultdict(lambda: [0] * 4)
for row in csv.DictReader(open(sys.argv[1])):
    numbers = [int(row[k]) for k in ('line_covered', 'line_total', 'branch_covered', 'branch_total')]
    for name in (os.path.dirname(row['filename']), 'all'):
        sums[name] = [a + b for a, b in zip(sums[name], numbers)]
print('%-28s %15s %17s' % ('folder', 'lines', 'branches'))
for name, (lines, all_lines, branches, all_branches) in sorted(sums.items(), key=lambda s: (s[0] == 'all', s[0])):
    print('%-28s %5.1f %% of %5d %5.1f %% of %6d' % (name, 100 * lines / max(all_lines, 1), all_lines,
                                                  100 * branches / max(all_branches, 1), all_branches))
PYTHON
exit "$failed"
