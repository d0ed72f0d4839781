# shellcheck shell=sh
# A clean Debian root to build and test in; meant to be sourced, after setup.sh.
#
# clean_root SUITE [DIR]: makes a root of SUITE (bookworm, trixie ...) by debootstrap, in DIR, where it stays, or in a
# folder that is removed when the script ends. Sets `clean`. Ends the script with status 77 if it can make none. Needs
# root, debootstrap, and a mirror: $DEBIAN_MIRROR, by default http://deb.debian.org/debian.
: "${root:?set by the script that sources this file}"

# DPDK finds processors in /sys; programs under test want terminals and shared memory.
clean_mount() {
  mountpoint -q "$clean/proc" || mount -t proc proc "$clean/proc"
  mountpoint -q "$clean/sys" || mount -t sysfs -o ro sysfs "$clean/sys"
  mountpoint -q "$clean/dev/pts" || mount -t devpts -o newinstance,ptmxmode=0666 devpts "$clean/dev/pts"
  mountpoint -q "$clean/dev/shm" || mount -t tmpfs tmpfs "$clean/dev/shm"
}

clean_unmount() {
  umount "$clean/dev/shm" "$clean/dev/pts" "$clean/sys" "$clean/proc" 2>/dev/null || :
}

clean_root() {
  hindrance=
  if [ "$(id -u)" -ne 0 ]; then
    hindrance="needs root, for debootstrap and chroot"
  elif ! command -v debootstrap >/dev/null; then
    hindrance="needs debootstrap"
  fi
  if [ -n "$hindrance" ]; then
    say "no clean Debian root: $hindrance"
    exit 77
  fi
  if [ $# -gt 1 ]; then
    clean=$2
    trap clean_unmount EXIT
  else
    clean=$(mktemp -d)
    trap 'clean_unmount; rm -rf --one-file-system "$clean"' EXIT
  fi
  trap 'exit 130' INT TERM
  if [ ! -e "$clean/etc/debian_version" ]; then
    say "a clean root of $1 in $clean"
    debootstrap --variant=minbase "$1" "$clean" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$clean.log" 2>&1 || {
      tail -n 5 "$clean.log" >&2
      rm -f "$clean.log"
      say "no root: debootstrap failed"
      exit 77
    }
    rm -f "$clean.log"
  fi
  # As an installer does: a name that no resolver knows costs each start of MPI seconds.
  [ -e "$clean/etc/hosts" ] || printf '127.0.0.1 localhost %s\n' "$(uname -n)" >"$clean/etc/hosts"
  clean_mount
  inside apt-get -q -o Acquire::Retries=3 update >/dev/null || {
    say "no root: its packages cannot be listed"
    exit 77
  }
}

# inside COMMAND...: runs it in the clean root.
inside() {
  chroot "$clean" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    "$@" </dev/null
}

# clean_copy DIR: this tree, without what git ignores, to DIR in the clean root, in place of what is there.
clean_copy() {
  rm -rf "${clean:?}/$1"
  mkdir -p "$clean/$1"
  git -C "$root" ls-files -z --cached --others --exclude-standard | (cd "$root" && tar -c --null -T - -f -) |
    tar -x -C "$clean/$1"
}
