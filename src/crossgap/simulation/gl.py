"""Choose a headless OpenGL. This has to happen before mujoco is first imported."""

from __future__ import annotations

import ctypes.util
import os

APT_LINE = "apt-get install --yes libegl1 libgl1-mesa-dri libopengl0 libosmesa6"
"""What installs software OpenGL on Debian and Ubuntu."""


def choose_gl() -> str:
    """Set MUJOCO_GL where the user did not, and return it: EGL, else OSMesa, else `disable`.

    llvmpipe is told to draw in the calling thread: for small images its threads cost more than
    they give, and parallel work is done by several processes instead.
    """
    os.environ.setdefault("LP_NUM_THREADS", "0")
    if "MUJOCO_GL" not in os.environ:
        found = (name for name in ("EGL", "OSMesa") if ctypes.util.find_library(name))
        os.environ["MUJOCO_GL"] = next(found, "disable").lower()
    chosen = os.environ["MUJOCO_GL"]
    if chosen in ("egl", "osmesa"):
        os.environ.setdefault("PYOPENGL_PLATFORM", chosen)
    return chosen
