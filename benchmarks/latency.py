"""How long a robot waits for a label: eager torch beside the ONNX file in float32 and in 8 bits, on one core.

    python benchmarks/latency.py [--sizes 64 128] [--seconds 20]
    python benchmarks/latency.py --model MODEL --calibration FOLDER --look target_b

The paper's generator and task model, one image at a time, as a camera gives it: (height, width, 3) uint8 in,
label out. Each is timed in turn, so that what else the machine does slows all. Prints p50 and p99 by the
clock, and the median of the thread's own time: what the clock shows where the machine does nothing else. With
a trained model it plays all three from the same starts instead: what 8 bits cost in success. Writes them to
results/benchmarks/latency.json.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crossgap.base.files import read_json, write_json
from crossgap.core.runs import provenance, start, timed
from crossgap.core.statistics import paired_difference
from crossgap.data.folder import read_unlabelled
from crossgap.data.images import LabelScale
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import Size
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.latency import Latency
from crossgap.deploy.onnx import OnnxModel, export_onnx
from crossgap.deploy.onnx.parity import scenes
from crossgap.evaluation import TEST_STARTS, closed_loop
from crossgap.networks import Generator, TaskModel

OUTPUT = Path("results/benchmarks/latency.json")
BARS = {(64, "onnx"): 8.0, (128, "onnx"): 40.0, (64, "int8"): 6.0}
"""Milliseconds, p50, that an image of that size may take."""
CAMERA = 480, 640
"""Of a camera whose images are prepared in the file, too."""
Run = Callable[[np.ndarray], Any]


def papers_model(size: int) -> AdaptedModel:
    """The paper's generator and task model; what they compute does not matter to the clock."""
    torch.manual_seed(0)
    scale = LabelScale((0.0,) * 3, (1.0,) * 3)
    names = ("joint_1", "joint_2", "joint_3")
    model = AdaptedModel(TaskModel(3, size), scale, names, size, Generator())
    model.preparation = Preparation((size, size))
    return model


def exported(model: AdaptedModel, folder: Path, images: np.ndarray) -> dict[str, OnnxModel]:
    """The model as ONNX files: of prepared images, in 8 bits, and of a camera's."""
    about: dict[str, dict[str, Any]] = {"onnx": {}, "int8": {"int8": True, "images": images}}
    if model.preparation is not None:
        about["onnx, camera"] = {"camera": CAMERA}
    found = {}
    for name, how in about.items():
        plain = model.preparation if "camera" in how else None
        model.preparation, kept = plain, model.preparation
        found[name] = OnnxModel(export_onnx(model, folder / f"{len(found)}.onnx", **how).path)
        model.preparation = kept
    return found


def interleaved(runs: dict[str, tuple[Run, Size]], seconds: float) -> dict[str, Latency]:
    """Each in turn, for so long."""
    images = {name: scenes(8, *size) for name, (_, size) in runs.items()}
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for name, (run, _) in runs.items():
        for image in images[name][:3]:
            run(image[None])
    began, turn = time.perf_counter(), 0
    while time.perf_counter() - began < seconds or turn < 50:
        for name, (run, _) in runs.items():
            image = images[name][turn % 8][None]
            start, own = time.perf_counter(), time.thread_time()
            run(image)
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(time.thread_time() - own)
        turn += 1
    return {name: Latency.of(wall[name], cpu[name]) for name in runs}


def measure(size: int, seconds: float) -> list[dict[str, Any]]:
    """A row for each way to compute one size."""
    model = papers_model(size)
    with tempfile.TemporaryDirectory() as name:
        files = exported(model, Path(name), scenes(32, size, size, seed=1))
    runs: dict[str, tuple[Run, Size]] = {"torch": (model.predict, (size, size))}
    runs |= {name: (file.run, file.shape[:2]) for name, file in files.items()}  # type: ignore[misc]
    rows = []
    for way, found in interleaved(runs, seconds).items():
        bar = BARS.get((size, way))
        rows.append({
            "size": size, "way": way, "p50_ms": found.p50, "p99_ms": found.p99, "cpu_ms": found.cpu,
            "images": found.images, "bar_ms": bar,
        })  # fmt: skip
        told = "" if bar is None else f"; wanted {bar:g} ms (p50): {_met(found, bar)}"
        print(f"{size:4d} px, {way:13}: {found}{told}", flush=True)
    return rows


def _met(found: Latency, bar: float) -> str:
    if found.p50 <= bar:
        return "met"
    return "met where the machine does nothing else" if found.cpu <= bar else "NOT met"


def cost(folder: Path, calibration: Path, look: str, gain: float, starts: int) -> list[dict[str, Any]]:
    """What a trained model reaches in each way, from the same starts."""
    model = AdaptedModel.load(folder, precision="32-true")
    images = read_unlabelled(calibration).images
    model.preparation = None  # the simulated camera's images are of the model's size
    with tempfile.TemporaryDirectory() as name:
        files = exported(model, Path(name), images)
    ways: dict[str, Run] = {"torch": model.predict, **{way: file.predict for way, file in files.items()}}
    rows, won = [], {}
    for way, predict in ways.items():
        loop, _ = closed_loop(predict, TEST_STARTS[:starts], gain, look=look, size=model.size[0], label=way)
        won[way] = loop.success
        success = loop.aggregate()["success"]
        row = {"way": way, "look": look, "method": model.method, "metric": "success", **success}
        if way != "torch":
            row["from_torch"] = paired_difference(won["torch"], won[way])
        rows.append(row)
        print(f"{way}: success {success['value']:.2f} in {look}", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--seconds", type=float, default=20.0, help="per size")
    parser.add_argument("--model", type=Path, help="a trained model, which is played; nothing is timed then")
    parser.add_argument("--calibration", type=Path, help="its target images")
    parser.add_argument("--look", default="target_b")
    parser.add_argument("--gain", type=float, default=0.2)
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    before = read_json(arguments.output, "results", dict) if arguments.output.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start(folder, load_before=round(os.getloadavg()[0], 2))
        with timed(folder, "latency"):
            if arguments.model:
                played = arguments.look, arguments.gain, arguments.starts
                new = {"success": cost(arguments.model, arguments.calibration, *played)}
            else:
                new = {"rows": [row for size in arguments.sizes for row in measure(size, arguments.seconds)]}
        what = (
            f"--model MODEL --look {arguments.look}"
            if arguments.model
            else f"--seconds {arguments.seconds:g}"
        )
        origin = provenance(folder) | {"command": f"python benchmarks/latency.py {what}"}
    key = "success_provenance" if arguments.model else "provenance"
    write_json(arguments.output, {"provenance": origin, "rows": []} | before | {key: origin} | new)


if __name__ == "__main__":
    main()
