"""OpenGL that is not there, and what becomes of it when a program ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossgap.simulation.base import gl

WITHOUT = """
import gymnasium, crossgap.simulation, mujoco
from crossgap.errors import CrossgapError
blind = gymnasium.make("crossgap/XArm7PickPlace-v0", cameras=())
blind.reset(seed=0)
print(blind.step(blind.action_space.sample())[0]["agent_pos"].shape)
try:
    gymnasium.make("crossgap/Reach3-v0").reset(seed=0)
except CrossgapError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("vga", "(MUJOCO_GL=vga) cannot be loaded: invalid value for environment variable MUJOCO_GL: vga. "
         "Unset MUJOCO_GL, or set it to egl or osmesa."),
        ("egl", f"(MUJOCO_GL=egl) cannot be loaded: no 'glGetError'. {gl.remedy('egl')}"),
    ],
)  # fmt: skip
def test_without_its_opengl_mujoco_still_simulates_and_drawing_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python, backend: str, message: str
) -> None:
    (tmp_path / "OpenGL.py").write_text("raise AttributeError(\"no 'glGetError'\")  # as PyOpenGL does")
    monkeypatch.setenv("MUJOCO_GL", backend)
    monkeypatch.delenv("PYOPENGL_PLATFORM", raising=False)
    done = python(WITHOUT)  # which has the folder of the script first in its path
    assert done.stdout.splitlines() == ["(8,)", f"Headless OpenGL {message}"], done.stderr


def test_a_missing_library_is_named_and_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl.ctypes.util, "find_library", lambda name: None if name == "OSMesa" else "there")
    assert gl._missing("osmesa") == "libOSMesa was not found"
    assert gl._missing("egl") is None
    assert gl.remedy("osmesa").endswith("apt-get install --yes libosmesa6")
    monkeypatch.setattr(gl.ctypes.util, "find_library", lambda name: "there" if name == "EGL" else None)
    assert gl._missing("EGL") == "neither libOpenGL nor libGL was found"


def test_doctor_says_what_is_wrong_with_opengl(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.table import Table

    from crossgap.commands.doctor import _rendering_rows

    monkeypatch.setenv("MUJOCO_GL", "vga")
    problems: list[str] = []
    assert not _rendering_rows(Table(), problems, has_gpu=False)
    assert [
        problem.startswith("Headless OpenGL (MUJOCO_GL=vga) cannot be loaded") for problem in problems
    ] == [True]


def test_mujoco_may_be_imported_first(monkeypatch: pytest.MonkeyPatch, python) -> None:
    for name in ("MUJOCO_GL", "PYOPENGL_PLATFORM"):  # which this process has chosen
        monkeypatch.delenv(name, raising=False)
    draws = 'gymnasium.make("crossgap/Reach3-v0", size=8).reset(seed=0)'
    done = python(f"import mujoco, gymnasium, crossgap.simulation\n{draws}")
    assert done.returncode == 0, done.stderr


AT_EXIT = """
import atexit
import gymnasium, crossgap.simulation, mujoco
atexit.register(lambda: print("ended with", len(freed)))  # after what is registered later
freed, free = [], mujoco.GLContext.free
mujoco.GLContext.free = lambda self: (freed.append(self), free(self))
gymnasium.make("crossgap/Reach3-v0", size=8).reset(seed=0)
"""


def test_a_renderer_is_freed_before_the_interpreter_ends(python) -> None:
    done = python(AT_EXIT)
    assert (done.stdout, done.stderr) == ("ended with 1\n", "")
