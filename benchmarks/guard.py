"""How well the guard tells faults from usual images: the area under the ROC curve, for each fault.

    python benchmarks/guard.py [--looks target_b target_c target_d] [--seeds 3]

For each look and seed the guard is that of a training's target images, 50 episodes of 16 images. Usual images
are of other episodes. Faults: the camera is moved by 5 cm, or turned by 10°, in any direction; the strongest
light is off, or all are; a finger lies on the lens, or a black patch; another look of the room, or another
world; strong blur. Prints and writes, for each fault, the AUROC, the share that is caught at the guard's own
threshold, and that at 1 % false alarms, to results/benchmarks/guard.json.
"""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from PIL import Image, ImageFilter
from scipy.stats import rankdata

from crossgap.base.files import write_json
from crossgap.core.runs import provenance, start, timed
from crossgap.deploy.guard import Guard
from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.registry import WORLDS

OUTPUT = Path("results/benchmarks/guard.json")
SIZE, STEPS = 64, 16
TRAINED, USUAL, FAULTY = 50, 100, 50
"""Episodes: of the training, of usual images, and of each fault."""
EVERY = 4
"""Every how many-th image of an episode is looked at: its neighbours are alike."""
CHOSEN_ON = 3
"""Seeds below it: what the guard looks at was chosen on them, so figures are of others."""
BARS = {"auroc": 0.95, "caught_at_1_percent": 0.9}

Change = Callable[[Fields, np.random.Generator], None]
"""What a fault does to an episode's appearance, in place."""
Spoil = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""What it does to an image (64, 64, 3) uint8."""


@dataclass(frozen=True)
class Fault:
    """What may happen to a camera or before it."""

    change: Change | None = None
    spoil: Spoil | None = None
    look: str | None = None
    world: str = "reach3"


def move(fields: Fields, rng: np.random.Generator) -> None:
    """Move the camera by 5 cm."""
    direction = rng.standard_normal(3)
    fields["cam_pos"] += 0.05 * direction / np.linalg.norm(direction)


def turn(fields: Fields, rng: np.random.Generator) -> None:
    """Turn the camera by 10° about any axis."""
    axis, by = rng.standard_normal(3), np.empty(4)
    mujoco.mju_axisAngle2Quat(by, axis / np.linalg.norm(axis), np.deg2rad(10))
    for camera in fields["cam_quat"]:
        mujoco.mju_mulQuat(camera, camera.copy(), by)


def strongest_off(fields: Fields, rng: np.random.Generator) -> None:
    """Switch the strongest light off."""
    del rng
    fields["light_diffuse"][fields["light_diffuse"].sum(1).argmax()] = 0


def all_off(fields: Fields, rng: np.random.Generator) -> None:
    """Switch every light off; what comes from everywhere stays."""
    del rng
    fields["light_diffuse"][:] = 0


def finger(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay a fingertip on the lens, out of focus, from any side."""
    side, radius = rng.uniform(0, 2 * np.pi), rng.uniform(24, 34)
    y, x = np.mgrid[:SIZE, :SIZE]
    away = np.hypot(x - 31.5 - 36 * np.cos(side), y - 31.5 - 36 * np.sin(side))
    share = np.clip((radius - away) / 8 + 0.5, 0, 1)[..., None]
    skin = np.array([150, 90, 75]) * rng.uniform(0.5, 1.1)
    return (share * skin + (1 - share) * image).astype(np.uint8)


def patch(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stick a black square of a tenth of the picture on the lens."""
    image, (top, left) = image.copy(), rng.integers(0, 44, 2)
    image[top : top + 20, left : left + 20] = 0
    return image


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian, σ = 2 of 64 pixels."""
    del rng
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(2)))


FAULTS = {
    "camera moved 5 cm": Fault(move), "camera turned 10°": Fault(turn),
    "strongest light off": Fault(strongest_off), "all lights off": Fault(all_off),
    "finger on the lens": Fault(spoil=finger), "black patch": Fault(spoil=patch),
    "another look": Fault(look="target_a"), "another world": Fault(look="source", world="grasping"),
    "blur": Fault(spoil=blur),
}  # fmt: skip


def seen(look: str, episodes: int, seed: int, every: int, fault: Fault) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 64, 64, 3) uint8 of episodes, and the episode of each."""
    world = WORLDS.find(fault.world)
    scene: Any = world.scene.shared(fault.look or look, "none", SIZE)
    images, of = [], []
    for episode in range(episodes):
        what, how, wrong = (np.random.default_rng([seed, episode, part]) for part in range(3))
        states, _ = world.episode(STEPS, 0.0, what)
        appearance, chosen = scene.new_appearance(how), int(wrong.integers(2**31))
        for step, state in enumerate(states):
            if step % every == 0:
                shown = appearance
                if fault.change:
                    shown = {name: array.copy() for name, array in appearance.items()}
                    fault.change(shown, np.random.default_rng(chosen))  # the same in all of an episode
                image = scene.render(*state, shown)
                images.append(fault.spoil(image, wrong) if fault.spoil else image)
                of.append(episode)
            appearance = scene.next_appearance(appearance, how)
    return np.stack(images), np.array(of)


def auroc(usual: np.ndarray, unlike: np.ndarray) -> float:
    """How often an unlike image has a higher score than a usual one; a tie is half."""
    ranks = rankdata(np.concatenate([usual, unlike]))[len(usual) :]
    return float((ranks.sum() - len(unlike) * (len(unlike) + 1) / 2) / len(usual) / len(unlike))


def measure(look: str, seed: int) -> list[dict[str, Any]]:
    """A row for each fault."""
    guard = Guard.of(*seen(look, TRAINED, 10 * seed, 1, Fault()))
    assert guard is not None
    usual = guard.look(seen(look, USUAL, 10 * seed + 1, EVERY, Fault())[0]).score
    one_percent = np.quantile(usual, 0.99)
    rows = []
    for number, (name, fault) in enumerate(FAULTS.items(), 2):
        score = guard.look(seen(look, FAULTY, 10 * seed + 2 + 100 * number, EVERY, fault)[0]).score
        rows.append({
            "look": look, "seed": seed, "fault": name, "auroc": auroc(usual, score),
            "caught": float((score > 1).mean()), "caught_at_1_percent": float((score > one_percent).mean()),
            "false_alarms": float((usual > 1).mean()), "n": len(score), "usual": len(usual),
        })  # fmt: skip
        told = "AUROC {auroc:.3f}, caught {caught:.0%}, at 1 % false alarms {caught_at_1_percent:.0%}"
        print(f"{look}, seed {seed}, {name}: {told.format(**rows[-1])}", flush=True)
    print(f"{look}, seed {seed}: {rows[0]['false_alarms']:.2%} false alarms", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--looks", nargs="+", default=["target_b", "target_c", "target_d"])
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        start(Path(name))
        with timed(Path(name), "guard"):
            rows = [
                row for look in arguments.looks for seed in range(CHOSEN_ON, CHOSEN_ON + arguments.seeds)
                for row in measure(look, seed)
            ]  # fmt: skip
        origin = provenance(Path(name)) | {"command": "python benchmarks/guard.py"}
    write_json(arguments.output, {"provenance": origin, "rows": rows})
    for fault in FAULTS:
        worst = {key: min(row[key] for row in rows if row["fault"] == fault) for key in BARS}
        met = all(value >= BARS[key] for key, value in worst.items())
        figures = ", ".join(f"{key} {value:.3f}" for key, value in worst.items())
        print(f"{fault}: worst of all looks and seeds: {figures}    {'met' if met else 'NOT met'}")


if __name__ == "__main__":
    main()
