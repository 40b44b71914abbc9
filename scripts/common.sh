# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the scripts share. Sourced, after `set -euo pipefail`.

# shellcheck disable=SC2034  # used by those who source this file
AMDVI_CALLED_FROM=$PWD
AMDVI_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$AMDVI_ROOT" || exit 1
# shellcheck disable=SC2034  # used by those who source this file
AMDVI_JOBS=${AMDVI_JOBS:-2}
export PYTHONDONTWRITEBYTECODE=1

# Debian's packages of Python belong to this one, whatever stands first in PATH.
# shellcheck disable=SC2034
PYTHON=/usr/bin/python3

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    BOLD=$'\e[1m' PLAIN=$'\e[0m'
else
    BOLD='' PLAIN=''
fi

say() {
    printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"
}

# Ends the script with a message.
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# A path as the user meant it, seen from the root of the tree.
users_path() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$AMDVI_CALLED_FROM/$1" ;;
    esac
}

# Ends the script: the command line is wrong.
usage_error() {
    printf '%s: %s; see %s --help\n' "$(basename "$0")" "$*" "$0" >&2
    exit 2
}

# quiet LOG COMMAND...: runs a command with its output in a file; shows the end of the file when it fails.
quiet() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        printf '%s\n' "$(basename "$0"): this failed: $*" "$(basename "$0"): all of its output: $log" >&2
        return 1
    fi
}

# build PRESET [TARGET]: configures and builds build/PRESET, all of it or one target.
build() {
    quiet "build/$1.configure.log" cmake --preset "$1" || return 1
    quiet "build/$1.build.log" cmake --build --preset "$1" -j "$AMDVI_JOBS" --target "${2:-all}" || return 1
}

# Installs what is missing and says before what it downloads; not with AMDVI_SKIP_SETUP=1.
setup() {
    if [[ ${AMDVI_SKIP_SETUP:-} == 1 ]]; then
        say "AMDVI_SKIP_SETUP=1: no packages are installed"
    else
        scripts/setup "$@"
    fi
}
