"""Start MuJoCo's physically based renderer, Filament, on Vulkan, without a display and in software.

Where it finds no Vulkan, Filament ends the whole process. So it is tried in a process of its own first:
this file, which for that imports nothing of ours.
"""

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VULKAN_APT_LINE = "apt-get install --yes libvulkan1 mesa-vulkan-drivers"
"""What installs software Vulkan on Debian and Ubuntu."""


def start_filament() -> Any:
    """A new `mujoco.mjrf.Context`. Ends the process where there is no Vulkan: see `filament_problem`."""
    import mujoco.studio._studio  # noqa: F401 (registers the material assets)
    from mujoco import mjrf

    config = mjrf.ContextConfig()
    config.graphics_api = mjrf.GraphicsApi.GRAPHICS_API_VULKAN  # its OpenGL needs a display
    config.software_rendering = True  # so that all machines draw alike
    with _silent_stdout():
        return mjrf.Context(config)


@functools.cache
def filament_problem() -> str | None:
    """Why Filament cannot draw here, and what installs what is missing; None where it can.

    Takes about a second, once in a process.
    """
    command, without_opengl = [sys.executable, "-P", __file__], {**os.environ, "MUJOCO_GL": "disable"}
    try:
        tried = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=60, env=without_opengl
        )
    except subprocess.TimeoutExpired:
        return _needs_vulkan("it did not start within a minute")
    if tried.returncode == 0:
        return None
    said = [line.removeprefix("reason: ") for line in tried.stderr.splitlines() if line.strip()]
    return _needs_vulkan(said[-1] if said else f"it ended with {tried.returncode}")


def _needs_vulkan(reason: str) -> str:
    return (
        "MuJoCo's physically based renderer, Filament, needs software Vulkan and could not start: "
        f"{reason.rstrip('.')}. On Debian or Ubuntu install it with: {VULKAN_APT_LINE}"
    )


@contextmanager
def _silent_stdout() -> Iterator[None]:
    """Drop the greetings that Filament's threads write to file descriptor 1."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    start_filament()
