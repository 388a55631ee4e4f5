"""How fast CycleGAN trains: the shipped step beside the same networks of torch.nn's own layers in eager
float32, and beside the reference's own step.

    python benchmarks/cyclegan_step.py [--sizes 128] [--batch 1] [--width 32] [--peer PATH]

PATH is a checkout of pytorch-CycleGAN-and-pix2pix; its CycleGANModel gets our weights under its names. All
start from the same weights and see the same images. First their losses are compared, all eight, of the
first step; then they are timed step by step in turn, so that whatever else the machine does slows all of
them. Prints seconds per step, and the ratios: the median over rounds, with its 10 to 90 % range; both by the
clock on the wall and in CPU time. Jitter and the reading of files are left out. Writes them with machine,
versions and commit to results/benchmarks/.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from crossgap.base.files import write_json
from crossgap.core.fabric import bf16_is_fast, make_fabric
from crossgap.core.runs import provenance, start, timed
from crossgap.data.batches import Batches
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.cyclegan.peer import PEERS
from crossgap.methods.cyclegan.phase import CycleGAN
from crossgap.methods.cyclegan.recipe import new_networks
from crossgap.networks.exchange import to_peer
from train_step import plain

WARM_UP = 2
"""Steps before the timed ones; of the first the losses are compared."""
TOLERANCE = {"32-true": 1e-4, "bf16-mixed": 0.05}
"""Largest relative difference of a loss of the first step; bfloat16 has 3 significant digits. Later ones
drift apart as two seeds do: Adam's first updates are signs alone."""
IMAGES = 64
Step = Callable[[int], dict[str, torch.Tensor]]


def make_phase(config: CycleGANConfig, size: int, device: torch.device) -> CycleGAN:
    """The phase on random images; equal in every call."""
    networks = new_networks(config, size, seed=0)

    def batches(seed: int) -> Batches:
        images = torch.randint(0, 256, (IMAGES, size, size, 3), dtype=torch.uint8)
        return Batches(images.to(device), torch.zeros(IMAGES, 0, device=device), config.batch, seed)

    judges = networks["discriminator_x"], networks["discriminator_y"]
    return CycleGAN(
        "cyclegan", networks["forward"], networks["inverse"], judges, batches(1), batches(2), config
    )  # fmt: skip


def eager_float32(config: CycleGANConfig, size: int, device: str) -> Step:
    """The step as torch.nn and torch.optim give it by default."""
    fabric = make_fabric(device, "32-true")
    phase = make_phase(config, size, fabric.device)
    for network in phase.networks.values():
        plain(network)
    groups = {"generators": ("forward", "inverse"), "discriminators": ("discriminator_x", "discriminator_y")}
    phase.optimizers = {
        key: torch.optim.Adam(
            [weight for name in names for weight in phase.networks[name].parameters()],
            phase.learning_rate, betas=(0.5, 0.999),
        )
        for key, names in groups.items()
    }  # fmt: skip
    phase.steps = 0  # too few to be compiled
    phase.setup(fabric)
    return phase.training_step


def shipped(config: CycleGANConfig, size: int, device: str, precision: str) -> Step:
    """The step as `Trainer.fit` sets it up."""
    fabric = make_fabric(device, precision)
    phase = make_phase(config, size, fabric.device)
    phase.setup(fabric)
    return phase.training_step


def reference(config: CycleGANConfig, size: int, device: str, checkout: Path) -> Step:
    """The step of the checkout's own CycleGANModel, with the same weights, on the same images."""
    sys.path.insert(0, str(checkout))
    try:
        from models.cycle_gan_model import CycleGANModel  # type: ignore[import-not-found]
    except ImportError as error:
        raise SystemExit(
            f"--peer {checkout} is no checkout of pytorch-CycleGAN-and-pix2pix ({error})."
        ) from error
    phase = make_phase(config, size, torch.device(device))
    blocks = vars(phase.networks["forward"])["made_with"]["blocks"]
    options = argparse.Namespace(
        isTrain=True, gpu_ids=[0] if device == "cuda" else [], checkpoints_dir="", name="", preprocess="none",
        input_nc=3, output_nc=3, ngf=config.width, ndf=config.discriminator_width,
        netG=f"resnet_{blocks}blocks", netD="n_layers", n_layers_D=config.discriminator_layers,
        norm="instance", no_dropout=True, init_type="normal", init_gain=0.02, pool_size=config.pool,
        gan_mode="lsgan", lr=config.learning_rate, beta1=0.5, direction="AtoB",
        lambda_A=config.source_cycle_weight, lambda_B=config.target_cycle_weight,
        lambda_identity=config.identity_weight,
    )  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        model = CycleGANModel(options)
    for name, peer in PEERS.names.items():
        network = getattr(model, f"net{peer}")
        getattr(network, "module", network).load_state_dict(to_peer(phase.networks[name]))

    def step(number: int) -> dict[str, torch.Tensor]:
        images = {"A": phase.source(number)[0], "B": phase.target(number)[0], "A_paths": "", "B_paths": ""}
        model.set_input(images)
        model.optimize_parameters()
        return {
            "adversarial_y": model.loss_G_A, "adversarial_x": model.loss_G_B,
            "cycle_x": model.loss_cycle_A / config.source_cycle_weight,
            "cycle_y": model.loss_cycle_B / config.target_cycle_weight,
            "identity_x": model.loss_idt_B / config.source_cycle_weight / config.identity_weight,
            "identity_y": model.loss_idt_A / config.target_cycle_weight / config.identity_weight,
            "discriminator_x": model.loss_D_B, "discriminator_y": model.loss_D_A,
        }  # fmt: skip

    return step


def differences(steps: dict[str, Step]) -> dict[str, dict[str, float]]:
    """How far the losses of the first step are from those of the first of `steps`, the largest of all."""
    first, *others = steps
    losses = {
        name: [
            {key: float(value.detach()) for key, value in step(number).items()} for number in range(WARM_UP)
        ]
        for name, step in steps.items()
    }
    expected, found = losses[first][0], {}
    for name in others:
        pairs = [(expected[key], value) for key, value in losses[name][0].items()]
        found[name] = {
            "absolute": max(abs(a - b) for a, b in pairs),
            "relative": max(abs(b / a - 1) for a, b in pairs),
        }
    return found


CLOCKS = ("wall", "cpu")
"""Seconds of the clock on the wall, a GPU's work included; and of this process alone, which tell more where
others use the CPU, too."""


def timed_step(step: Step, number: int) -> tuple[float, float]:
    """Seconds of one step, by `CLOCKS`."""
    wall, cpu = time.perf_counter(), time.process_time()
    step(number)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - cpu


def spread(values: list[float]) -> dict[str, float]:
    """Median, and the 10 to 90 % range."""
    values = sorted(values)
    tenth = len(values) // 10
    return {"median": statistics.median(values), "low": values[tenth], "high": values[-1 - tenth]}


def compare(steps: dict[str, Step], seconds: float) -> dict[str, Any]:
    """Time the steps in turn: seconds of each, and how many times faster each shipped one is than others, by
    `CLOCKS`."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    began, number = time.perf_counter(), WARM_UP
    while time.perf_counter() - began < seconds or number < WARM_UP + 3:
        for name, step in steps.items():
            times[name].append(timed_step(step, number))
        number += 1
    by_clock = {
        clock: {name: [pair[at] for pair in pairs] for name, pairs in times.items()}
        for at, clock in enumerate(CLOCKS)
    }
    return {"rounds": number - WARM_UP} | {
        clock: {
            "seconds_per_step": {name: statistics.median(values) for name, values in found.items()},
            "ratios": {ours: _ratios(found, ours) for ours in steps if ours.startswith("shipped")},
        }
        for clock, found in by_clock.items()
    }


def _ratios(times: dict[str, list[float]], ours: str) -> dict[str, dict[str, float]]:
    """How many times faster a shipped step is than each of the others."""
    return {
        other: spread([a / b for a, b in zip(values, times[ours], strict=True)])
        for other, values in times.items()
        if not other.startswith("shipped")
    }


def measured(arguments: argparse.Namespace, size: int, device: str) -> dict[str, Any]:
    """Check and time one image size.

    Raises:
        SystemExit: losses differ by more than the tolerance.
    """
    config = CycleGANConfig(
        steps=10_000, batch=arguments.batch, width=arguments.width, discriminator_width=arguments.width,
        enlarged=1.0, mirror=False,
    )  # fmt: skip
    precisions = ["32-true", *(["bf16-mixed"] if bf16_is_fast(device) else [])]
    steps = {"eager float32": eager_float32(config, size, device)}
    if arguments.peer:
        steps["reference"] = reference(config, size, device, arguments.peer)
    steps |= {f"shipped {p}": shipped(config, size, device, p) for p in precisions}
    alike = differences(steps)
    for name, difference in alike.items():
        limit = TOLERANCE["bf16-mixed" if name.endswith("bf16-mixed") else "32-true"]
        if not difference["relative"] < limit:
            raise SystemExit(f"Losses of {name} differ by {difference['relative']:.2%}; limit {limit:.2%}.")
        print(f"{name}: losses of the first step alike to {difference['absolute']:.1e}", flush=True)
    row = compare(steps, arguments.seconds)
    for clock in CLOCKS:
        for name, seconds in row[clock]["seconds_per_step"].items():
            print(f"{seconds:8.3f} s ({clock})    {size} px, {name}")
        for name, others in row[clock]["ratios"].items():
            for other, ratio in others.items():
                middle = f"{ratio['median']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]"
                print(f"    {name} is {middle} × {other} ({clock})", flush=True)
    sizes = {"size": size, "batch": arguments.batch, "width": arguments.width}
    return sizes | {"differences_of_losses": alike} | row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--width", type=int, default=32, help="filters of all networks' first layers")
    parser.add_argument("--peer", type=Path, help="a checkout of pytorch-CycleGAN-and-pix2pix")
    parser.add_argument("--seconds", type=float, default=120.0, help="per size")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument(
        "--output", type=Path, help="results/benchmarks/cyclegan_step_<cpu or cuda>.json by default"
    )
    arguments = parser.parse_args()
    device = make_fabric(arguments.device, "32-true").device.type
    print(f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start(folder, load_before=round(os.getloadavg()[0], 2), device=device)
        with timed(folder, "cyclegan_step"):
            rows = [measured(arguments, size, device) for size in arguments.sizes]
        origin = provenance(folder) | {"command": "python benchmarks/cyclegan_step.py --peer PATH"}
    output = arguments.output or Path(f"results/benchmarks/cyclegan_step_{device}.json")
    write_json(output, {"provenance": origin, "threads": torch.get_num_threads(), "rows": rows})


if __name__ == "__main__":
    main()
