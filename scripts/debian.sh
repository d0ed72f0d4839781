#!/bin/sh
# Builds and tests in a clean Debian root, with that Debian's compilers and tools.
#
# usage: scripts/debian.sh SUITE [--dir DIR] [--quick] [--conditions] [ARGUMENT-OF-TEST.SH...]
#
#   scripts/debian.sh trixie                       Debian 13: both commands of the README, so all suites
#   scripts/debian.sh trixie --suite unit          only the suite named
#   scripts/debian.sh trixie --quick               gcc and clang, warnings as errors, the suites unit and scenario
#   scripts/debian.sh trixie --conditions          only whether decisions are shown (scripts/coverage.sh); with --quick, both
#   scripts/debian.sh bookworm --dir /srv/bookworm in a root that stays: the next time is faster
#
# Needs root, debootstrap, and a mirror ($DEBIAN_MIRROR). The root takes some 3 GB. Exit status 77: no root can be made
# here, or packages cannot be installed in it.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"
# shellcheck source=scripts/clean_root.sh
. "$root/scripts/clean_root.sh"

help_if_asked "$@"
[ $# -gt 0 ] || fail "wants a suite of Debian, such as trixie; see $0 --help"
suite=$1
shift
directory=
quick='' conditions=
while [ $# -gt 0 ]; do
  case $1 in
  --dir)
    [ $# -gt 1 ] || fail "--dir wants a directory"
    directory=$2
    shift 2
    ;;
  --quick)
    quick=1
    shift
    ;;
  --conditions)
    conditions=1
    shift
    ;;
  *) break ;;
  esac
done

clean_root "$suite" ${directory:+"$directory"}
clean_copy src/tcpreuse
say "$suite: $(inside cat /etc/debian_version)"

if [ -z "$quick$conditions" ]; then
  inside /src/tcpreuse/scripts/quickstart.sh
  inside /src/tcpreuse/scripts/test.sh -Dwerror=true "$@"
  exit
fi
if [ -n "$conditions" ]; then
  inside /src/tcpreuse/scripts/coverage.sh --conditions
  [ -n "$quick" ] || exit 0
fi

# shellcheck disable=SC2016 # expanded inside
inside sh -euc '
  root=/src/tcpreuse
  . $root/scripts/setup.sh
  (need_packages $packages_build libcriterion-dev clang python3) || exit 77
  for compiler in gcc clang; do
    say "$($compiler --version | head -n 1)"
    CC=$compiler configure $root/build-$compiler --buildtype=debugoptimized -Dwerror=true -Dtests=true
    compile $root/build-$compiler
  done
  meson test -C $root/build-gcc --no-rebuild --print-errorlogs --timeout-multiplier 4 --suite unit --suite scenario'
