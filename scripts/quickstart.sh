#!/bin/sh
# Installs what is missing, builds a release into build/ and reports port reuse in captures.
#
# usage: scripts/quickstart.sh [CAPTURE...]
#
# Without a capture it reports on examples/port-reuse.pcap; what is given is handed to tcpreuse as it is. On a fresh
# Debian 12 nothing else is needed. It can be run again at any time, and from anywhere; packages that are there are
# left alone.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

case ${1-} in
-h | --help)
  sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
esac

# shellcheck disable=SC2086 # a list of words
need_packages $packages_build
[ -f "$root/build/build.ninja" ] || configure "$root/build" --buildtype=release -Dtests=false
compile "$root/build"

[ $# -gt 0 ] || set -- "$root/examples/port-reuse.pcap"
tcpreuse=$root/build/tcpreuse
say "tcpreuse $*"

if ! [ -t 1 ]; then
  exec "$tcpreuse" "$@"
fi

# A terminal: the columns that tell the story, chosen by name and lined up; all of them are in the plain output.
report=$(mktemp)
trap 'rm -f "$report"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
status=0
"$tcpreuse" "$@" >"$report" || status=$?
awk -F, '
  NR == 1 {
    wanted = " frame stream previous_stream trigger src src_port dst dst_port gap "
    for (i = 1; i <= NF; i++) if (index(wanted, " " $i " ")) column[++columns] = i
  }
  {
    for (i = 1; i <= columns; i++) {
      cell[NR, i] = $column[i]
      if (length($column[i]) > width[i]) width[i] = length($column[i])
    }
  }
  END {
    for (row = 1; row <= NR; row++)
      for (i = 1; i <= columns; i++) printf "%-*s%s", width[i], cell[row, i], i < columns ? "  " : "\n"
  }' "$report"
say "every column, as CSV: $tcpreuse --format csv $*"
exit "$status"
