# shellcheck shell=sh
# Set-up code for quickstart.sh, test.sh and CI; meant to be sourced.
#
# The script that sources it sets `root` to the repository's root first. Nothing here changes the working directory:
# captures on the command line stay relative to where the user stands.
: "${root:?set by the script that sources this file}"

# A locale that every Debian has, whatever the caller's says: Meson wants UTF-8, and what is printed can be compared.
LC_ALL=C.UTF-8
export LC_ALL

# What a build needs. libc6-dev is only recommended by gcc, so it is named here; libminizip-dev is missing from what Debian 13's
# libxlsxwriter-dev depends on.
# shellcheck disable=SC2034 # used by the scripts that source this file
packages_build="gcc libc6-dev meson ninja-build pkg-config libpcap-dev libjemalloc-dev libxxhash-dev zlib1g-dev libisal-dev
  libzstd-dev liblz4-dev liblzma-dev nettle-dev libxlsxwriter-dev libminizip-dev libjs-chart.js"
# What the tests need on top of it. clang comes without libclang-rt-dev, which the fuzz targets are linked with.
# clang-format is that of the style: other versions format otherwise.
# shellcheck disable=SC2034
packages_test="libcriterion-dev libdpdk-dev libopenmpi-dev openmpi-bin iproute2 nftables tcpdump tshark python3 clang
  libclang-rt-dev clang-format"

# What scripts/check.sh runs.
# shellcheck disable=SC2034
packages_check="clang clang-tidy clang-tools cppcheck libdpdk-dev libopenmpi-dev python3"

# What tests need that are skipped without it, since it is large: scripts/test.sh --all.
# shellcheck disable=SC2034
packages_all="debootstrap libmpich-dev mpich libreoffice-calc sqlite3 python3-pandas python3-prometheus-client \
  prometheus-node-exporter chromium"

# What no Debian package has, from npm, where that is there: DuckDB, which loads the reports.
# shellcheck disable=SC2034
packages_npm="@duckdb/node-api@1.5.6-r.1"

# The comment at the head of the script, up to `set -eu`.
print_usage() {
  sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"
}

# help_if_asked "$@": prints the usage and ends the script where the first argument asks for it.
help_if_asked() {
  case ${1-} in
  -h | --help)
    print_usage
    exit 0
    ;;
  esac
}

say() {
  printf '== %s\n' "$*" >&2
}

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# as_root COMMAND...: runs it as root, through sudo only where that is needed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    fail "needs root to run: $*"
  fi
}

# apt_get ARGUMENT...: apt-get that asks nothing (tshark's packages would ask whether everybody may capture; the
# answer taken is no), reads nothing from standard input and waits for another package manager to end.
apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null >&2
}

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
  for package in "$@"; do
    # "install ok installed" and "hold ok installed" both end the same way.
    case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
    *" ok installed") ;;
    *) printf '%s\n' "$package" ;;
    esac
  done
}

# need_packages PACKAGE...: installs those that are missing. Elsewhere than on Debian and its kin it says what to
# install, and the build finds out what is there.
need_packages() {
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    say "no apt-get here; by their Debian names, these packages are needed:" "$@"
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086 # a list of words
  set -- $missing
  say "installing:" "$@"
  # A failed update (one repository of several is down, say) need not be the end: the install decides.
  apt_get update || say "apt-get update failed; trying to install all the same"
  apt_get install --no-install-recommends "$@" || fail "could not install: $*"
}

# need_npm DIR PACKAGE...: installs those of npm into DIR/node_modules. They serve tests that are skipped without them, so a
# machine without npm, or without a way to its registry, is told and goes on.
need_npm() {
  directory=$1
  shift
  if ! command -v npm >/dev/null 2>&1; then
    say "no npm here; tests are skipped that need" "$@"
    return 0
  fi
  mkdir -p "$directory/node_modules"
  npm install --prefix "$directory" --no-save --no-audit --no-fund --loglevel=error "$@" </dev/null >&2 ||
    say "npm could not install what some tests need:" "$@"
}

# configure DIR MESON-OPTION...: sets up the build directory, or changes the options of one that is set up.
configure() {
  directory=$1
  shift
  if [ -f "$directory/build.ninja" ]; then
    [ $# -eq 0 ] || meson configure "$directory" "$@" >&2
  else
    meson setup "$@" "$directory" "$root" >&2
  fi
}

# compile DIR
compile() {
  ninja -C "$1" >&2
}

# exec_measured NAME [--scale X] [BUILD [CASE...]]: ends as scripts/NAME.py, on a build that has tracegen, by default build-test/.
exec_measured() {
  name=$1 scale=1
  shift
  if [ "${1-}" = --scale ]; then
    scale=${2:?a factor}
    shift 2
  fi
  build=${1:-$root/build-test}
  [ $# -eq 0 ] || shift
  [ -x "$build/bench/tracegen" ] || fail "$build has no bench/tracegen; see scripts/test.sh"
  exec python3 "$root/scripts/$name.py" --scale "$scale" "$build" "$@"
}
