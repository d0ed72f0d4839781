#!/bin/sh
# Which lines and branches the tests run.
#
# usage: scripts/coverage.sh [SUITE...]
#
# Builds into build-coverage/, runs the suites, and prints lines and branches by folder. By default it runs nearly all suites, but
# not dpdk, threads, stress, mpi and blind, which take long or measure. build-coverage/coverage.txt has the figures by file, with
# the lines that no test runs. Code that is compiled in several variants, such as the shards, has branches in each. Needs gcovr.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"
[ $# -gt 0 ] || set -- unit scenario formats stream input sets key verdicts state pieces follow forget fuzz conformance library \
  spreadsheet page interfaces faults tracegen

# shellcheck disable=SC2086 # lists of words
need_packages $packages_build $packages_test gcovr
build=$root/build-coverage
configure "$build" --buildtype=debug -Db_coverage=true -Dtests=true -Djemalloc=disabled
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
