"""How fast labelled images are collected, beside MuJoCo's default renderer settings on the same scene.

    python benchmarks/collect.py [--images 22656] [--look source] [--randomization lights full]

Prints images/s rendered, written, read back and checked, with the look changed for every episode; the
frames/s of MuJoCo's defaults, rendered and not even written; and their ratio. Both in one run, on all cores.
"""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from crossgap.base.machine import available_cores
from crossgap.collection import Collection
from crossgap.simulation.collect import collect

STEPS = 16


def measure_collect(images: int, look: str, randomization: str) -> float:
    """Images/s, from nothing to a data set on disk, every image read back and compared."""
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection(look, images // STEPS, STEPS, randomization=randomization)
        start = time.perf_counter()
        collect(collection, Path(folder) / "data")
        return collection.episodes * STEPS / (time.perf_counter() - start)


def default_frames_per_second(seconds: float, look: str) -> float:
    """Frames/s of `mujoco.Renderer` with default quality, shadows and threads; for a fresh process."""
    import mujoco
    import numpy as np

    from crossgap.simulation.base.room import CAMERA
    from crossgap.simulation.reach3.kinematics import sample_start
    from crossgap.simulation.reach3.looks import get_look
    from crossgap.simulation.reach3.scene import Reach3Scene

    spec, default = Reach3Scene.spec(get_look(look), 64), mujoco.MjSpec()
    for name in ("shadowsize", "offsamples", "numslices", "numstacks"):
        setattr(spec.visual.quality, name, getattr(default.visual.quality, name))
    for light in spec.lights:
        light.castshadow = True
    model = spec.compile()
    data, renderer = mujoco.MjData(model), mujoco.Renderer(model, 64, 64)
    joints = [model.joint(name).qposadr[0] for name in Reach3Scene.joints]
    rng, frames, start = np.random.default_rng(0), 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        data.qpos[joints] = sample_start(rng)[0]
        mujoco.mj_forward(model, data)
        renderer.update_scene(data, CAMERA)
        renderer.render()
        frames += 1
    return frames / (time.perf_counter() - start)


def measure_defaults(seconds: float, look: str) -> float:
    """Frames/s of one process per core together, each with MuJoCo's and Mesa's defaults."""
    os.environ["LP_NUM_THREADS"] = str(available_cores())
    with ProcessPoolExecutor(available_cores(), multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(default_frames_per_second, seconds, look) for _ in range(available_cores())]
        return sum(job.result() for job in jobs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=22_656)
    parser.add_argument("--look", default="source")
    parser.add_argument("--randomization", nargs="+", default=["lights", "full"])
    parser.add_argument("--seconds", type=float, default=10.0, help="of the default renderer")
    arguments = parser.parse_args()
    defaults = measure_defaults(arguments.seconds, arguments.look)
    print(f"{defaults:6.0f} frames/s    MuJoCo's defaults, rendered only, {available_cores()} processes")
    for randomization in arguments.randomization:
        ours = measure_collect(arguments.images, arguments.look, randomization)
        print(
            f"{ours:6.0f} images/s    crossgap collect, look changed per episode ({randomization}), written "
            f"and checked, {available_cores()} cores; {ours / defaults:.0f} times the defaults"
        )


if __name__ == "__main__":
    main()
