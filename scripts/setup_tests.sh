#!/usr/bin/env bash
# What some tests need beside Crossgap: Ray, the xArm's SDK and MkDocs, into .venv (90 MB to fetch, 300 MB of disk), and
# software Vulkan for MuJoCo's physically based renderer, where apt-get can install it (30 MB). `make test` calls
# it once. What cannot be had is no error: its tests are skipped, and say why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }

install_vulkan() {
    local as_root="env"
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root="sudo -n env"
    fi
    apt_get() { $as_root DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" >/dev/null; }
    apt_get update || true # an unrelated broken source must not stop us
    apt_get install --yes libvulkan1 mesa-vulkan-drivers
}

exec 9>.venv.lock # as setup.sh's: until no other make works on .venv
.venv/bin/python -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
if [ .venv/.tests -nt .venv/.installed ]; then exit; fi # another make has just done it

say "Installing what tests need: Ray, the xArm's SDK and MkDocs (90 MB to fetch)"
PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --quiet --constraint constraints.txt \
    --editable '.[test]' || say "That did not work; the tests that need them are skipped."
if [ "$(uname)" = Linux ] && ! (.venv/bin/python -P src/crossgap/simulation/base/vulkan.py; exit) 2>/dev/null; then
    say "Installing software Vulkan for MuJoCo's physically based renderer (30 MB)"
    install_vulkan || say "That did not work; the tests of that renderer are skipped."
fi
touch .venv/.tests
