#!/bin/sh
# Installs what is missing, builds with the tests into build-test/ and runs them.
#
# usage: scripts/test.sh [--all] [-D OPTION=VALUE]... [ARGUMENT-OF-MESON-TEST...]
#
#   scripts/test.sh                          all suites
#   scripts/test.sh --all                    with large packages (LibreOffice ...), without which some tests are skipped
#   scripts/test.sh --suite unit             one suite: a folder of tests/ that has a meson.build
#   scripts/test.sh -Dwerror=true            with warnings as errors
#   TCPREUSE_CORPUS=DIR scripts/test.sh      with the captures that the conformance suite compares with tshark
#
# build-test/ stands beside the build/ of quickstart.sh, so neither is built anew for the other's sake.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"

options=-Dtests=true
more=
npm=
while [ $# -gt 0 ]; do
  case $1 in
  -D)
    [ $# -gt 1 ] || fail "-D wants OPTION=VALUE"
    options="$options -D$2"
    shift 2
    ;;
  --all)
    more=$packages_all
    npm=$packages_npm
    shift
    ;;
  -D*)
    options="$options $1"
    shift
    ;;
  *) break ;;
  esac
done

# shellcheck disable=SC2086 # lists of words
need_packages $packages_build $packages_test $more
# shellcheck disable=SC2086
configure "$root/build-test" --buildtype=debugoptimized $options
compile "$root/build-test"
# shellcheck disable=SC2086
[ -z "$npm" ] || need_npm "$root/build-test" $npm
say "tests in $root/build-test"
exec meson test -C "$root/build-test" --no-rebuild --print-errorlogs "$@"
