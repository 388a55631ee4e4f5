#!/usr/bin/env bash
# LeRobot itself, to hold our reader and writer of its format against, in .lerobot beside .venv: it needs an
# older torch than ours. tests/test_lerobot_package.py uses it where it is, and is skipped where it is not.
# CROSSGAP_LEROBOT names another place.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
"${PYTHON:-python3.11}" -m venv .lerobot
.lerobot/bin/python -m pip install --quiet "lerobot==0.4.4"
