"""The package: its public names, and what may not be imported with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import crossgap


def test_every_public_name_is_there_and_from_where_it_says() -> None:
    for name in crossgap.__all__:
        assert getattr(crossgap, name).__name__ == name
    assert set(crossgap.__all__) == set(crossgap._WHERE)


def test_simulation_and_data_import_no_torch(python) -> None:
    code = "import sys, crossgap.simulation.reach3.environment, crossgap.data; print('torch' in sys.modules)"
    assert python(code).stdout == "False\n"


def test_the_opengl_check_needs_the_standard_library_alone() -> None:
    script = Path(__file__).parents[1] / "scripts" / "check_opengl.py"
    done = subprocess.run([sys.executable, "-S", "-I", script], capture_output=True, text=True, check=False)
    assert "Error" not in done.stderr
    assert "libegl1" in done.stdout
