#!/bin/sh
# Builds the Debian packages in a clean Debian root, and tests them there as a user would: lintian, install, run, remove.
#
# usage: scripts/packages.sh SUITE [DIR]
#
#   scripts/packages.sh bookworm             Debian 12, in a root that is removed afterwards
#   scripts/packages.sh trixie /srv/trixie   Debian 13, in a root that stays: the next time is faster
#
# The packages are left in packages/SUITE/. Needs root, debootstrap, and a mirror: $DEBIAN_MIRROR, by default
# http://deb.debian.org/debian. The root takes some 1.5 GB. Exit status 77: no root can be made here.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"
# shellcheck source=scripts/clean_root.sh
. "$root/scripts/clean_root.sh"

help_if_asked "$@"
[ $# -gt 0 ] || fail "wants a suite of Debian, such as trixie; see $0 --help"
suite=$1
clean_root "$@"

say "building"
rm -rf "$clean/build"
clean_copy build/tcpreuse
inside apt-get -q -y install --no-install-recommends build-essential lintian >/dev/null
inside sh -c 'cd /build/tcpreuse && apt-get -q -y build-dep --no-install-recommends . >/dev/null &&
  dpkg-buildpackage -us -uc >/build/log 2>&1' || { tail -40 "$clean/build/log" >&2; fail "the build failed"; }
mkdir -p "$root/packages/$suite"
find "$clean/build" -maxdepth 1 -type f ! -name log -exec cp -t "$root/packages/$suite" {} +

say "lintian"
inside sh -c 'cd /build && lintian --fail-on error,warning *.changes' >&2

say "install, run, remove"
# As a user's machine has them: without what the build needed.
inside sh -c 'apt-get -q -y install --no-install-recommends /build/*.deb >/dev/null 2>&1' || fail "cannot be installed"
inside sh -c 'apt-get -q -y install --no-install-recommends python3 gcc libc6-dev pkgconf librte-meta-net \
  openmpi-bin >/dev/null 2>&1'
for test in example library python ports ranks; do
  status=0
  inside sh -c "mkdir -p /build/tmp && cd /build/tcpreuse && AUTOPKGTEST_TMP=/build/tmp debian/tests/$test" || status=$?
  case $status in
  0) say "$test: ok" ;;
  77) say "$test: skipped" ;;
  *) fail "debian/tests/$test failed with status $status" ;;
  esac
done
inside tcpreuse --version
inside sh -c 'apt-get -q -y purge "tcpreuse*" "libtcpreuse*" python3-tcpreuse >/dev/null 2>&1'
left=$(inside find / -xdev -path /proc -prune -o -path /sys -prune -o -path /build -prune -o -name '*tcpreuse*' -print)
[ -z "$left" ] || fail "a purge leaves:" "$left"
say "packages/$suite: $(cd "$root/packages/$suite" && echo *.deb)"
