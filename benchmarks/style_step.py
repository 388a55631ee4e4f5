"""How fast a picture is stylized: the shipped step beside the plain recipe on the same VGG16.

    python benchmarks/style_step.py [--sizes 128 256] [--seconds 40] [--device auto]

The plain recipe is what one would write down: torch.nn's layers in float32, and at every step the features of
the content and of the style once more. Both start from the same noise, with the same losses and Adam. First
their losses are compared over the first steps, in float32 and as shipped; then they are timed step by step in
turn, so that what else the machine does slows both. Prints seconds per step and the ratio: the median over
pairs of steps, with its 10 to 90 % range. Writes them to results/benchmarks/.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from crossgap.base.files import write_json
from crossgap.core.fabric import hardware, make_fabric
from crossgap.core.runs import provenance, start, timed
from crossgap.methods.style_transfer import StyleConfig
from crossgap.methods.style_transfer.transfer import StyleTransfer
from crossgap.networks.pretrained import pretrained

CONFIG = StyleConfig(start="noise", variation_weight=0.0)
CHECKED_STEPS = 10
"""Steps whose losses are compared."""
TOLERANCE = {"32-true": 1e-3, "bf16-mixed": 0.05}
"""Largest relative difference of a loss over them; bfloat16 has 3 significant digits."""
Step = Callable[[], dict[str, float]]


def pictures(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Content and style, smooth colours: what they show does not matter to the clock."""
    torch.manual_seed(0)
    small = 1.6 * torch.rand(2, 3, 8, 8) - 0.8
    both = nn.functional.interpolate(small, (size, size), mode="bilinear", align_corners=True).to(device)
    return both[:1], both[1:]


def plain_recipe(network: nn.Module, content: Tensor, style: Tensor) -> Step:
    """A step in float32 that computes all features anew, written down without what is ours."""
    names = [name for name, _ in network.named_children() if name != "standardize"]
    last = max(names.index(name) for name in (*CONFIG.content_layers, *CONFIG.style_layers))

    def features(image: Tensor) -> dict[str, Tensor]:
        image, found = network.get_submodule("standardize")(image), {}
        for name in names[: last + 1]:
            image = found[name] = network.get_submodule(name)(image)
        return found

    def gram(values: Tensor) -> Tensor:
        flat = values.flatten(2)
        return flat @ flat.transpose(1, 2) / flat.shape[2]

    def distance(found: Tensor, wanted: Tensor) -> Tensor:
        return (found - wanted).square().sum() / wanted.square().sum()

    noise = 2 * torch.rand(content.shape, generator=torch.Generator().manual_seed(0)) - 1
    picture = noise.to(content.device).requires_grad_()
    optimizer = torch.optim.Adam([picture], CONFIG.rate)

    def step() -> dict[str, float]:
        with torch.no_grad():
            of_content, of_style = features(content), features(style)
        found = features(picture)
        losses = {
            "content": torch.stack([distance(found[k], of_content[k]) for k in CONFIG.content_layers]).mean(),
            "style": torch.stack(
                [distance(gram(found[k]), gram(of_style[k])) for k in CONFIG.style_layers]
            ).mean(),
        }
        optimizer.zero_grad()
        (CONFIG.content_weight * losses["content"] + CONFIG.style_weight * losses["style"]).backward()
        optimizer.step()
        with torch.no_grad():
            picture.clamp_(-1, 1)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    return step


def shipped(network: nn.Module, content: Tensor, style: Tensor, bf16: bool) -> Step:
    """The step as `crossgap stylize` takes it."""
    return StyleTransfer(network, content, style, CONFIG, 0, bf16).step


def largest_difference(one: Step, other: Step) -> float:
    """Of the losses of the first steps, relative."""
    largest = 0.0
    for _ in range(CHECKED_STEPS):
        a, b = one(), other()
        largest = max([largest, *(abs(b[name] / a[name] - 1) for name in a)])
    return largest


def timed_step(step: Step) -> float:
    """Seconds of one step; its losses are read, so the GPU is done."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def compare(network: nn.Module, size: int, precision: str, seconds: float) -> dict[str, Any]:
    """Check and time one size: seconds per step of both, their ratio, and how far their losses differ.

    Raises:
        SystemExit: the losses differ by more than the tolerance.
    """
    both = pictures(size, next(network.parameters()).device)
    differences = {}
    for kind in dict.fromkeys(("32-true", precision)):
        ours = shipped(network, *both, bf16=kind == "bf16-mixed")
        differences[kind] = largest_difference(plain_recipe(network, *both), ours)
        if not differences[kind] < TOLERANCE[kind]:
            raise SystemExit(f"Losses differ by {differences[kind]:.2%} in {kind} at {size} px.")
    plain, ours = plain_recipe(network, *both), shipped(network, *both, bf16=precision == "bf16-mixed")
    times: list[tuple[float, float]] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or len(times) < 3:
        times.append((timed_step(plain), timed_step(ours)))
    ratios = sorted(a / b for a, b in times)
    low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
    medians = [statistics.median(pair[column] for pair in times) for column in (0, 1)]
    ratio = statistics.median(ratios)
    print(f"{size} px: {medians[0]:.3f} s plain, {medians[1]:.3f} s shipped; ratio {ratio:.2f} ", end="")
    print(f"[{low:.2f}, {high:.2f}], {len(times)} pairs of steps; losses alike to {differences}", flush=True)
    return {
        "size": size, "seconds_per_step": {"plain": medians[0], "shipped": medians[1]},
        "ratio": {"median": ratio, "low": low, "high": high}, "pairs_of_steps": len(times),
        "largest_relative_difference_of_losses": differences,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--seconds", type=float, default=40.0, help="per size")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--precision", choices=["auto", "32-true", "bf16-mixed"], default="auto")
    parser.add_argument("--output", type=Path, help="results/benchmarks/style_step_<cpu or cuda>.json")
    arguments = parser.parse_args()
    fabric = make_fabric(arguments.device, arguments.precision)
    precision = hardware(fabric)["precision"]
    network = pretrained("vgg16").requires_grad_(False).to(fabric.device)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start(folder, load_before=round(os.getloadavg()[0], 2), **hardware(fabric))
        with timed(folder, "style_step"):
            rows = [compare(network, size, precision, arguments.seconds) for size in arguments.sizes]
        origin = provenance(folder) | {
            "command": f"python benchmarks/style_step.py --seconds {arguments.seconds:g}"
        }
    output = arguments.output or Path(f"results/benchmarks/style_step_{fabric.device.type}.json")
    write_json(output, {"provenance": origin, "threads": torch.get_num_threads(), "rows": rows})


if __name__ == "__main__":
    main()
