#!/bin/sh
# Installs what is missing, builds a release into build/ and reports port reuse in captures.
#
# usage: scripts/quickstart.sh [CAPTURE...]
#
# Without arguments it reports on examples/port-reuse.pcap; arguments are passed to tcpreuse unchanged. A fresh Debian 12
# or 13 needs nothing else. It can be run again at any time, and from anywhere; installed packages are left alone.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"

# shellcheck disable=SC2086 # a list of words
need_packages $packages_build
[ -f "$root/build/build.ninja" ] || configure "$root/build" --buildtype=release -Dtests=false
compile "$root/build"

[ $# -gt 0 ] || set -- "$root/examples/port-reuse.pcap"
tcpreuse=$root/build/tcpreuse
say "tcpreuse $*"
exec "$tcpreuse" "$@"
