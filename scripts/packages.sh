#!/bin/sh
# Builds the Debian packages in a clean Debian root, and tests them there as a user would: lintian, install, run, remove.
#
# usage: scripts/packages.sh SUITE [DIR]
#
#   scripts/packages.sh bookworm             Debian 12, in a root that is removed afterwards
#   scripts/packages.sh trixie /srv/trixie   Debian 13, in a root that stays: the next time is faster
#
# The packages are left in packages/SUITE/. Needs root, debootstrap, and a mirror: $DEBIAN_MIRROR, by default
# http://deb.debian.org/debian. The root takes some 1.5 GB.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

case ${1-} in
'' | -h | --help)
  sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"
  exit "$([ $# -gt 0 ] && echo 0 || echo 1)"
  ;;
esac
suite=$1
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
[ "$(id -u)" -eq 0 ] || fail "needs root, for debootstrap and chroot"
command -v debootstrap >/dev/null || fail "needs debootstrap"

# DPDK finds processors in /sys.
mount_all() {
  mountpoint -q "$clean/proc" || mount -t proc proc "$clean/proc"
  mountpoint -q "$clean/sys" || mount -t sysfs -o ro sysfs "$clean/sys"
}

unmount() {
  umount "$clean/sys" "$clean/proc" 2>/dev/null || :
}

if [ $# -gt 1 ]; then
  clean=$2
  trap unmount EXIT
else
  clean=$(mktemp -d)
  trap 'unmount; rm -rf --one-file-system "$clean"' EXIT
fi
trap 'exit 130' INT TERM

# inside COMMAND...: runs it in the clean root.
inside() {
  chroot "$clean" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    "$@" </dev/null
}

if [ ! -e "$clean/etc/debian_version" ]; then
  say "a clean root of $suite in $clean"
  debootstrap --variant=minbase "$suite" "$clean" "$mirror" >/dev/null
fi
mount_all
inside apt-get -q update >/dev/null

say "building"
rm -rf "$clean/build"
mkdir -p "$clean/build/tcpreuse"
git -C "$root" ls-files -z --cached --others --exclude-standard | (cd "$root" && tar -c --null -T - -f -) |
  tar -x -C "$clean/build/tcpreuse"
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
