"""How fast TaskGAN's translator trains: the shipped step beside eager float32 from torch.nn's own layers.

    python benchmarks/train_step.py [--sizes 64 128] [--preset paper] [--seconds 30] [--device auto]

Both start from the same weights and see the same images. First their losses are compared, over the first
steps; then they are timed step by step in turn, so that whatever else the machine does slows both. Prints
training images/s (source and target together, forward, backward and Adam) and the ratio: the median over
pairs of steps, with its 10 to 90 % range. That the process keeps freed memory helps both alike, so the
ratio leaves it out. Writes them with machine, versions and commit to results/benchmarks/.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import lightning_fabric
import torch
from torch import nn

from crossgap.base.files import write_json
from crossgap.core.fabric import hardware, make_fabric
from crossgap.core.runs import provenance, start, timed
from crossgap.data.batches import Batches
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.networks import Discriminator, Generator, TaskModel
from crossgap.networks.layers import InstanceNorm, ReflectedConvolution

CHECKED_STEPS = 5
"""Steps whose losses are compared. Later ones drift apart as two seeds do: a GAN amplifies rounding."""
TOLERANCE = 0.05
"""Largest relative difference of a loss over them; bfloat16 has 3 significant digits."""
IMAGES = 64


def plain(network: nn.Module) -> nn.Module:
    """The same network of torch.nn's layers, as one would write it down, with the same weights."""
    for name, layer in network.named_children():
        if isinstance(layer, InstanceNorm):
            setattr(network, name, nn.InstanceNorm2d(layer.num_features))
        elif isinstance(layer, ReflectedConvolution):
            into, out, kernel = layer.in_channels, layer.out_channels, layer.kernel_size[0]
            bias = layer.bias is not None
            convolution = nn.Conv2d(into, out, kernel, padding=kernel // 2, padding_mode="reflect", bias=bias)
            convolution.load_state_dict(layer.state_dict())
            setattr(network, name, convolution)
        else:
            plain(layer)
    return network


def make_phase(config: TaskGANConfig, size: int, fabric: lightning_fabric.Fabric) -> TaskGAN:
    """The translator's phase on random images; equal in every call."""
    networks, training = config.networks, config.translator
    torch.manual_seed(0)

    def batches(seed: int) -> Batches:
        images = torch.randint(0, 256, (IMAGES, size, size, 3), dtype=torch.uint8)
        labels = torch.randn(IMAGES, 3)
        return Batches(images.to(fabric.device), labels.to(fabric.device), training.batch, seed)

    return TaskGAN(
        "translator",
        Generator(networks.generator_width, networks.generator_blocks),
        Discriminator(networks.discriminator_width),
        TaskModel(3, size, networks.task_width, networks.task_hidden).to(fabric.device),
        inputs=batches(2), real=batches(1), config=training,
    )  # fmt: skip


def eager_float32(config: TaskGANConfig, size: int, device: str) -> TaskGAN:
    """The step as torch.nn and torch.optim give it by default."""
    fabric = make_fabric(device, "32-true")
    phase = make_phase(config, size, fabric)
    for network in phase.networks.values():
        plain(network)
    phase.optimizers = {
        name: torch.optim.Adam(network.parameters(), phase.learning_rate, betas=(0.5, 0.999))
        for name, network in phase.networks.items()
    }
    phase.steps = 0  # too few to be compiled
    phase.setup(fabric)
    return phase


def shipped(config: TaskGANConfig, size: int, device: str, precision: str) -> TaskGAN:
    """The step as `Trainer.fit` sets it up."""
    fabric = make_fabric(device, precision)
    phase = make_phase(config, size, fabric)
    phase.setup(fabric)
    return phase


def largest_difference(one: TaskGAN, other: TaskGAN) -> float:
    """Of the losses of the first steps, relative."""
    largest = 0.0
    for step in range(CHECKED_STEPS):
        a, b = one.training_step(step), other.training_step(step)
        largest = max([largest, *(abs(float(b[name].detach() / a[name].detach()) - 1) for name in a)])
    return largest


def timed_step(phase: TaskGAN, step: int) -> float:
    """Seconds of one step, the GPU's work included."""
    start = time.perf_counter()
    phase.training_step(step)
    if phase.fabric.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(
    config: TaskGANConfig, size: int, device: str, precision: str, seconds: float
) -> dict[str, Any]:  # fmt: skip
    """Check and time one image size: images/s of both, their ratio, and how far their losses differ.

    Raises:
        SystemExit: the losses differ by more than the tolerance.
    """
    eager, ours = eager_float32(config, size, device), shipped(config, size, device, precision)
    difference = largest_difference(eager, ours)
    if not difference < TOLERANCE:
        raise SystemExit(f"Losses differ by {difference:.1%}; expected less than {TOLERANCE:.0%}.")
    times: list[tuple[float, float]] = []
    start, step = time.perf_counter(), CHECKED_STEPS
    while time.perf_counter() - start < seconds or len(times) < 3:
        times.append((timed_step(eager, step), timed_step(ours, step)))
        step += 1
    images = 2 * config.translator.batch
    ratios = sorted(a / b for a, b in times)
    low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
    speeds = [images / statistics.median(pair[column] for pair in times) for column in (0, 1)]
    for name, speed in zip(("eager float32", "shipped"), speeds, strict=True):
        print(f"{speed:8.1f} images/s    {size} px, {name}")
    ratio = statistics.median(ratios)
    print(f"    ratio {ratio:.2f} [{low:.2f}, {high:.2f}], {len(times)} pairs of steps; ", end="")
    print(f"losses of {CHECKED_STEPS} steps alike to {difference:.2%}", flush=True)
    return {
        "size": size, "images_per_second": {"eager_float32": speeds[0], "shipped": speeds[1]},
        "ratio": {"median": ratio, "low": low, "high": high}, "pairs_of_steps": len(times),
        "largest_relative_difference_of_losses": difference,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--preset", choices=PRESETS, default="paper", help="widths, blocks, batch")
    parser.add_argument("--seconds", type=float, default=30.0, help="per size")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--precision", choices=["auto", "32-true", "bf16-mixed"], default="auto")
    parser.add_argument(
        "--output", type=Path, help="results/benchmarks/train_step_<cpu or cuda>.json by default"
    )
    arguments = parser.parse_args()
    config = PRESETS[arguments.preset].config
    fabric = make_fabric(arguments.device, arguments.precision)
    networks, batch = config.networks, config.translator.batch
    print(
        f"{fabric.device.type}, {torch.get_num_threads()} threads, torch {torch.__version__}; shipped: "
        f"{fabric._precision.precision}; preset {arguments.preset}: generator {networks.generator_width} × "
        f"{networks.generator_blocks}, batch {batch}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start(folder, preset=arguments.preset, load_before=round(os.getloadavg()[0], 2), **hardware(fabric))
        with timed(folder, "train_step"):
            chosen = arguments.device, arguments.precision, arguments.seconds
            rows = [compare(config, size, *chosen) for size in arguments.sizes]
        command = (
            f"python benchmarks/train_step.py --preset {arguments.preset} --seconds {arguments.seconds:g}"
        )
        origin = provenance(folder) | {"command": command}
    output = arguments.output or Path(f"results/benchmarks/train_step_{fabric.device.type}.json")
    write_json(output, {"provenance": origin, "threads": torch.get_num_threads(), "rows": rows})


if __name__ == "__main__":
    main()
