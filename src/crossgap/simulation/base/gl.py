"""Choose a headless OpenGL. This has to happen before mujoco is first imported."""

import ctypes.util
import functools
import importlib
import os
from typing import Any

PACKAGES, OSMESA_PACKAGE = "libegl1 libgl1-mesa-dri libopengl0", "libosmesa6"
"""Of Debian and Ubuntu: EGL in software, and OSMesa, which the newer of them do not have."""
APT_LINE = f"apt-get install --yes {PACKAGES}"
"""What installs software OpenGL on Debian and Ubuntu."""
LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}
OFF = ("disable", "disabled", "off", "false", "0")
"""Values of MUJOCO_GL that switch drawing off."""


def choose_gl() -> str:
    """Set MUJOCO_GL where the user did not, and return it: EGL, else OSMesa, else `disable`.

    llvmpipe is told to draw in the calling thread: for small images its threads cost more than
    they give, and parallel work is done by several processes instead.
    """
    os.environ.setdefault("LP_NUM_THREADS", "0")
    if "MUJOCO_GL" not in os.environ:
        found = (name for name, library in LIBRARIES.items() if ctypes.util.find_library(library))
        os.environ["MUJOCO_GL"] = next(found, "disable")
    chosen = os.environ["MUJOCO_GL"]
    if chosen in LIBRARIES:
        os.environ.setdefault("PYOPENGL_PLATFORM", chosen)
    return chosen


@functools.cache
def import_mujoco() -> str | None:
    """Import mujoco; why it cannot draw and what to do, or None where its OpenGL is there.

    Where MUJOCO_GL names one that is not, mujoco's own import fails. It is then imported without, so that
    all that draws nothing works.
    """
    chosen = choose_gl()
    try:
        import mujoco

        context_class()
    except Exception as error:  # PyOpenGL's are of all kinds
        os.environ["MUJOCO_GL"] = "disable"
        try:
            import mujoco  # noqa: F401 (if mujoco itself is what fails, it is that error)
        finally:
            os.environ["MUJOCO_GL"] = chosen  # processes that are started from here find out for themselves
        reason = _missing(chosen) or str(error).strip().partition("\n")[0].rstrip(".")
        return f"Headless OpenGL (MUJOCO_GL={chosen}) cannot be loaded: {reason}. {remedy(chosen)}"
    return None


def context_class() -> Any:
    """MuJoCo's OpenGL context as chosen here; imported before Crossgap, mujoco itself chose another one."""
    chosen = os.environ.get("MUJOCO_GL", "").lower()
    if chosen in LIBRARIES:
        return importlib.import_module(f"mujoco.{chosen}").GLContext
    import mujoco

    return None if chosen in OFF else mujoco.GLContext


def _missing(chosen: str) -> str | None:
    """Which library is not there, for a PyOpenGL that only says it found None."""
    library = LIBRARIES.get(chosen.lower())
    if library and not ctypes.util.find_library(library):
        return f"lib{library} was not found"
    if library == "EGL" and not (ctypes.util.find_library("OpenGL") or ctypes.util.find_library("GL")):
        return "neither libOpenGL nor libGL was found"
    return None


def remedy(chosen: str) -> str:
    """What to do where that OpenGL does not work, a sentence."""
    if chosen.lower() == "osmesa":
        return (
            "Unset MUJOCO_GL to draw with EGL; or, on Debian or Ubuntu where they still have it: "
            f"apt-get install --yes {OSMESA_PACKAGE}"
        )
    if chosen.lower() in ("egl", *OFF):
        return f"On Debian or Ubuntu install it with: {APT_LINE}"
    return "Unset MUJOCO_GL, or set it to egl or osmesa."
