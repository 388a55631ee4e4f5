"""`crossgap doctor`: is everything there, how fast is it, and what to do about each problem."""

import multiprocessing
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from rich.table import Table
from rich.text import Text

from crossgap.base.machine import crowded, has_gpu, load, machine, versions
from crossgap.base.progress import console
from crossgap.errors import CrossgapError
from crossgap.simulation.base.gl import APT_LINE
from crossgap.simulation.base.vulkan import filament_problem
from crossgap.simulation.registry import WORLDS

SLOW_FRAMES = 300
"""Frames per second at 64 px below which something is wrong with OpenGL."""
SOFTWARE = ("llvmpipe", "softpipe", "swrast", "osmesa")


def probe_rendering() -> tuple[str, str, float]:
    """OpenGL backend, renderer's name, and frames per second at 64 px; meant for a process of its own."""
    import os

    from crossgap.simulation.base.rendering import gl_renderer_name

    world = next(iter(WORLDS))
    frames = frames_per_second(world, next(iter(WORLDS[world].looks)), 300)
    return os.environ["MUJOCO_GL"], gl_renderer_name(), frames


def frames_per_second(world: str, look: str, frames: int) -> float:
    """How fast a look of a world is drawn at 64 px, over that many frames; meant for a process of its own."""
    import numpy as np

    scene, rng = WORLDS[world].scene(look), np.random.default_rng(0)
    states, _ = WORLDS[world].episode(2, 0.0, rng)
    appearance = scene.new_appearance(rng)
    for _ in range(20):
        scene.render(*states[0], appearance)
    start = time.perf_counter()
    for _ in range(frames):
        scene.render(*states[0], appearance)
    return frames / (time.perf_counter() - start)


def examine() -> bool:
    """Print what is there and what to do about problems; whether everything works."""
    problems: list[str] = []
    table = Table(show_header=False, box=None)
    for name, version in versions().items():
        table.add_row(name, version)
    for name, value in machine().items():
        table.add_row(name, str(value))
    free = shutil.disk_usage(".").free / 2**30
    table.add_row("free disk", f"{free:.1f} GiB")
    if free < 2:
        problems.append("Less than 2 GiB of disk are free here; a demo writes about 0.5 GiB.")
    if now := load():
        table.add_row("load", f"{now:.1f}")
    if what := crowded():
        problems.append(what)
    has_gpu = _training_rows(table, problems)
    works = _rendering_rows(table, problems, has_gpu)
    for name, world in WORLDS.items():
        for look in world.looks.values():
            if look.renderer == "filament":
                table.add_row(f"look {look.name}", filament_state(name, look.name))
    console.print(table)
    for problem in problems:
        console.print(Text.assemble(("•", "yellow"), f" {problem}"))
    if not problems:
        console.print("No problems found.", style="green")
    return works


def filament_state(world: str, look: str) -> str:
    """Whether a physically based look can be drawn and how fast, or why not; all else works without."""
    if problem := filament_problem():
        return f"not available. {problem}"
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return f"{pool.submit(frames_per_second, world, look, 60).result():,.0f} frames/s at 64 px"
    except (CrossgapError, BrokenProcessPool, RuntimeError, OSError) as error:
        return f"does not work: {error}"


def _training_rows(table: Table, problems: list[str]) -> bool:
    import torch

    from crossgap.core.fabric import bf16_is_fast, make_fabric

    fabric = make_fabric()
    table.add_row("training device", f"{fabric.device} ({torch.get_num_threads()} threads)")
    fast = bf16_is_fast(fabric.device.type)
    table.add_row("training precision", "bf16-mixed" if fast else "32-true (no bf16 hardware)")
    if has_gpu() and torch.version.cuda is None:
        problems.append(
            "There is an NVIDIA GPU, but this torch is a CPU build. In a checkout, `rm -r .venv; make "
            "install` takes one for CUDA where pip finds it; elsewhere install that as pytorch.org says."
        )
    elif has_gpu() and not torch.cuda.is_available():
        problems.append(
            f"There is an NVIDIA GPU, and torch for CUDA {torch.version.cuda} does not see it: "
            "CUDA_VISIBLE_DEVICES hides it, or the driver is too old (`nvidia-smi` says what it takes)."
        )
    return torch.cuda.is_available()


def _rendering_rows(table: Table, problems: list[str], has_gpu: bool) -> bool:
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            backend, name, frames = pool.submit(probe_rendering).result()
    except (CrossgapError, BrokenProcessPool, ImportError, RuntimeError, OSError) as error:
        table.add_row("rendering", Text("does not work", "red"))
        problems.append(str(error) if isinstance(error, CrossgapError) else f"{error} Try: {APT_LINE}")
        return False
    table.add_row("OpenGL", f"{backend}: {name}")
    table.add_row("rendering", f"{frames:,.0f} frames/s at 64 px, one process")
    if has_gpu and any(word in name.lower() for word in SOFTWARE):
        problems.append(
            "There is a GPU, but OpenGL draws in software: install the driver's EGL (NVIDIA: "
            "libnvidia-gl-…), and unset MUJOCO_GL."
        )
    if frames < SLOW_FRAMES:
        problems.append(f"Rendering is slow (expected over {SLOW_FRAMES} frames/s). Is the machine busy?")
    return True
