#!/usr/bin/env bash
# Installs the system libraries that the package builds with, where they are missing, and says
# what cannot be installed from here. With the argument "peers" it installs instead what
# make_peers.py needs: Python and a C++ compiler, and on Debian a browser with a font for Chinese. With the argument or
# the variable MPI=1 it installs Open MPI too, where there is no MPI yet.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif has sudo; then sudo "$@"; else
        echo "error: this must be run as root: $*" >&2
        exit 1
    fi
}

wants_mpi=
for word in "MPI=${MPI:-}" "$@"; do [ "$word" = MPI=1 ] && wants_mpi=1; done
has_mpi() {
    has pkg-config || return 1
    for name in ${MPI_PKG:-mpi ompi-c mpich}; do pkg-config --exists "$name" && return 0; done
    return 1
}

if [ "$(uname)" = Darwin ]; then
    has brew || { echo "error: Homebrew is missing; see https://brew.sh" >&2; exit 1; }
    formulas=(openblas onednn oniguruma zlib pkg-config)
    [ -n "$wants_mpi" ] && ! has_mpi && formulas+=(open-mpi)
    [ "${1:-}" = peers ] && formulas=(python)
    for formula in "${formulas[@]}"; do
        brew list "$formula" >/dev/null 2>&1 || brew install "$formula"
    done
elif has apt-get; then
    missing=()
    packages=(libopenblas-dev libdnnl-dev libonig-dev zlib1g-dev libc6-dev libstdc++-12-dev)
    # The package manager of Swift asks pkg-config where it looks for files.
    [ -n "$wants_mpi" ] && ! has_mpi && packages+=(pkg-config libopenmpi-dev openmpi-bin)
    if [ "${1:-}" = peers ]; then
        packages=()
        python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
        has c++ || missing+=(g++)
        # Ubuntu has a browser as a snap only, which a container cannot run.
        [ "$(. /etc/os-release && echo "$ID")" != debian ] || has chromedriver || missing+=(chromium chromium-driver fonts-wqy-microhei)
    fi
    for package in "${packages[@]}"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] && continue
        # A newer distribution carries a newer libstdc++; any will do.
        case $package in libstdc++-*) compgen -G '/usr/lib/gcc/*/*/libstdc++.so' >/dev/null && continue ;; esac
        missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
else
    [ "${1:-}" = peers ] || echo "note: install OpenBLAS, oneDNN, Oniguruma and zlib with their headers by your system's package manager" >&2
    if [ -n "$wants_mpi" ] && ! has_mpi; then
        echo "error: there is no MPI that pkg-config knows; install Open MPI or MPICH, or name its file: MPI_PKG=ompi-c" >&2
        exit 1
    fi
fi

[ "${1:-}" = peers ] && exit 0

if ! has swift && has apt-get && apt-cache show swiftlang >/dev/null 2>&1; then
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq swiftlang
fi
has swift || { echo "error: Swift 6.1 or later is missing; see https://www.swift.org/install" >&2; exit 1; }
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -1)
if [ "$(printf '%s\n6.1\n' "$version" | sort -V | head -1)" != 6.1 ]; then
    echo "error: Swift $version is too old; 6.1 or later is needed, see https://www.swift.org/install" >&2
    exit 1
fi
