"""How fast CycleGAN trains: the shipped step beside the same networks of torch.nn's own layers in eager
float32, and beside the reference's own step.

    python benchmarks/cyclegan_step.py [--size 128] [--batch 1] [--width 32] [--peer PATH] [--seconds 120]

PATH is a checkout of pytorch-CycleGAN-and-pix2pix; its CycleGANModel gets our weights under its names. All
start from the same weights and see the same images. First their losses are compared, all eight, over the
first steps; then they are timed step by step in turn, so that whatever else the machine does slows all of
them. Prints seconds per step, and the ratios: the median over rounds, with its 10 to 90 % range. Jitter and
the reading of files are left out. Writes them with machine, versions and commit to results/benchmarks/.
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

CHECKED_STEPS = 3
"""Steps whose losses are compared; rounding grows with every further one."""
TOLERANCE = {"32-true": 0.02, "bf16-mixed": 0.1}
"""Largest relative difference of a loss over them."""
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
    """Of the losses from those of the first of `steps`: of the very first step the largest absolute, and of
    the first ones the largest relative difference."""
    first, *others = steps
    losses = {
        name: [
            {key: float(value.detach()) for key, value in step(number).items()}
            for number in range(CHECKED_STEPS)
        ]
        for name, step in steps.items()
    }
    found = {}
    for name in others:
        pairs = list(zip(losses[first], losses[name], strict=True))
        found[name] = {
            "first_step_absolute": max(abs(pairs[0][0][key] - value) for key, value in pairs[0][1].items()),
            "relative": max(abs(b[key] / a[key] - 1) for a, b in pairs for key in b),
        }
    return found


def timed_step(step: Step, number: int) -> float:
    """Seconds of one step, the GPU's work included."""
    began = time.perf_counter()
    step(number)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def spread(values: list[float]) -> dict[str, float]:
    """Median, and the 10 to 90 % range."""
    values = sorted(values)
    tenth = len(values) // 10
    return {"median": statistics.median(values), "low": values[tenth], "high": values[-1 - tenth]}


def compare(steps: dict[str, Step], seconds: float) -> dict[str, Any]:
    """Time the steps in turn: seconds of each, and how many times faster each shipped one is than others."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    began, number = time.perf_counter(), CHECKED_STEPS
    while time.perf_counter() - began < seconds or number < CHECKED_STEPS + 3:
        for name, step in steps.items():
            times[name].append(timed_step(step, number))
        number += 1
    ratios = {
        ours: {
            other: spread([a / b for a, b in zip(times[other], times[ours], strict=True)])
            for other in steps if not other.startswith("shipped")
        }
        for ours in steps if ours.startswith("shipped")
    }  # fmt: skip
    seconds_per_step = {name: statistics.median(values) for name, values in times.items()}
    return {"seconds_per_step": seconds_per_step, "ratios": ratios, "rounds": number - CHECKED_STEPS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--width", type=int, default=32, help="filters of all networks' first layers")
    parser.add_argument("--peer", type=Path, help="a checkout of pytorch-CycleGAN-and-pix2pix")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument(
        "--output", type=Path, help="results/benchmarks/cyclegan_step_<cpu or cuda>.json by default"
    )
    arguments = parser.parse_args()
    config = CycleGANConfig(
        steps=10_000, batch=arguments.batch, width=arguments.width, discriminator_width=arguments.width,
        enlarged=1.0, mirror=False,
    )  # fmt: skip
    device = make_fabric(arguments.device, "32-true").device.type
    precisions = ["32-true", *(["bf16-mixed"] if bf16_is_fast(device) else [])]
    steps = {"eager float32": eager_float32(config, arguments.size, device)}
    if arguments.peer:
        steps["reference"] = reference(config, arguments.size, device, arguments.peer)
    steps |= {f"shipped {p}": shipped(config, arguments.size, device, p) for p in precisions}
    settings = f"{arguments.size} px, batch {arguments.batch}, width {arguments.width}"
    print(f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}; {settings}", flush=True)
    alike = differences(steps)
    for name, difference in alike.items():
        limit = TOLERANCE["bf16-mixed" if name.endswith("bf16-mixed") else "32-true"]
        if not difference["relative"] < limit:
            raise SystemExit(
                f"Losses of {name} differ by {difference['relative']:.2%}; expected {limit:.1%}."
            )
        print(
            f"{name}: losses of the first step differ by {difference['first_step_absolute']:.1e}", flush=True
        )
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        start(folder, load_before=round(os.getloadavg()[0], 2), device=device)
        with timed(folder, "cyclegan_step"):
            found = compare(steps, arguments.seconds)
        origin = provenance(folder) | {"command": "python benchmarks/cyclegan_step.py --peer PATH"}
    for name, seconds in found["seconds_per_step"].items():
        print(f"{seconds:8.3f} s    {name}")
    for name, others in found["ratios"].items():
        for other, ratio in others.items():
            print(f"    {name} is {ratio['median']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}] × {other}")
    output = arguments.output or Path(f"results/benchmarks/cyclegan_step_{device}.json")
    about = {"size": arguments.size, "batch": arguments.batch, "width": arguments.width}
    write_json(
        output, {"provenance": origin, "threads": torch.get_num_threads(), **about, "losses": alike, **found}
    )


if __name__ == "__main__":
    main()
