#!/usr/bin/env bash
# Sets everything up in .venv: Python, software OpenGL, and the packages at the versions of constraints.txt.
# `make` calls it when something changed; it may be stopped and started again at any moment, and two may run at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then echo "$candidate"; return; fi
    done
    stop "Crossgap needs Python 3.11 or newer; ${PYTHON:-python3} is" \
        "$("${PYTHON:-python3}" --version 2>/dev/null || echo missing)." \
        "Install one, or name it: make PYTHON=/path/to/python3.11 …"
}

apt_install() { # with root's rights or passwordless sudo; else says what to run
    local packages="$*" as_root="env"
    local line="sudo apt-get update && sudo apt-get install --yes $packages"
    command -v apt-get >/dev/null || stop "This system has no apt-get. Install what these Debian packages hold: $packages"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || stop "System packages are missing. Run this, then make again:"$'\n\n'"    $line"$'\n'
        as_root="sudo -n env"
    fi
    apt_get() { $as_root DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"; }
    say "Installing system packages: $packages"
    apt_get update || true # an unrelated broken source must not stop us
    # Newer distributions dropped OSMesa, and EGL alone is enough: so try once more without.
    # shellcheck disable=SC2086
    apt_get install --yes $packages || apt_get install --yes ${packages/libosmesa6/} ||
        stop "apt-get failed (its message stands above). By hand: $line"
}

lock() { # waits until no other setup.sh works here; the open file holds the lock until this one ends
    exec 9>.venv.lock
    "$python" - 9 <<'EOF'
import fcntl, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Another make is setting up .venv: waiting for it to end", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError as error:
    print(f"No lock on .venv.lock ({error}): do not run two makes at once", file=sys.stderr)
EOF
}

other_torch() { # whether TORCH names another build of torch than the one that is in .venv
    local version='from importlib import metadata; print(metadata.version("torch").partition("+")[2])' build
    [ -n "${TORCH:-}" ] && build=$(.venv/bin/python -c "$version" 2>/dev/null) && [ "$build" != "$TORCH" ]
}

is_ready() {
    [ -e .venv/.installed ] && ! [ pyproject.toml -nt .venv/.installed ] &&
        ! [ constraints.txt -nt .venv/.installed ] && ! other_torch
}

make_venv() {
    say "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

python=$(find_python)
lock
if is_ready; then exit; fi # another make has just done it

missing=()
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=("$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
fi
if [ "$(uname)" = Linux ] && ! gl_packages=$("$python" scripts/check_opengl.py 2>/dev/null); then
    missing+=("$gl_packages")
fi
if [ ${#missing[@]} != 0 ]; then
    apt_install "${missing[@]}"
    [ "$(uname)" != Linux ] || "$python" scripts/check_opengl.py >/dev/null ||
        stop "OpenGL is installed and does not start (MUJOCO_GL=${MUJOCO_GL:-} in the environment). Try: MUJOCO_GL=osmesa make …"
fi

# While .venv/.unfinished exists, an installation was interrupted: such a venv is made anew.
if [ -e .venv/.unfinished ] || ! new_enough .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    make_venv
fi
torch=$(.venv/bin/python scripts/choose_torch.py)
if other_torch; then make_venv; fi # else the gigabytes of the other build would stay
rm -f .venv/.installed
touch .venv/.unfinished
say "Installing Crossgap and what it needs into .venv (some minutes)"
PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --constraint constraints.txt "$torch" --editable '.[dev]'
mv .venv/.unfinished .venv/.installed
