"""LeRobot's ACT, trained by LeRobot in our simulation, frozen, and behind goggles in another look.

In an environment of its own, for LeRobot wants an older torch than ours:

    python3.11 -m venv .act && .act/bin/pip install "lerobot==0.4.4" pyserial -e .
    cd examples/act_goggles
    ../../.act/bin/python act.py record                     # demonstrations: out/sim and out/real
    ../../.act/bin/python act.py train act out/sim          # out/act, as LeRobot saves a policy
    ../../.act/bin/crossgap goggles --policy act:make --source out/sim --target out/real --output out/goggles
    ../../.act/bin/python act.py train fine_tuned out/sim out/real --start out/act      # the rival
    ../../.act/bin/python act.py evaluate                   # rows in results/goggles/act.json
"""

import argparse
import os
from pathlib import Path

import lerobot  # pyright: ignore[reportMissingImports]
import numpy as np
import torch
from lerobot.configs.types import FeatureType, PolicyFeature  # pyright: ignore[reportMissingImports]
from lerobot.datasets.lerobot_dataset import LeRobotDataset  # pyright: ignore[reportMissingImports]
from lerobot.policies.act.configuration_act import ACTConfig  # pyright: ignore[reportMissingImports]
from lerobot.policies.act.modeling_act import ACTPolicy  # pyright: ignore[reportMissingImports]
from lerobot.policies.act.processor_act import (  # pyright: ignore[reportMissingImports]
    make_act_pre_post_processors,
)
from lerobot.processor import PolicyProcessorPipeline  # pyright: ignore[reportMissingImports]
from lerobot.processor.converters import (  # pyright: ignore[reportMissingImports]
    policy_action_to_transition,
    transition_to_policy_action,
)
from torch import Tensor, nn

from crossgap.core.results import add_results
from crossgap.core.runs import provenance, start, timed
from crossgap.data.augmentation import image_augmentation
from crossgap.data.lerobot import LeRobotWriter
from crossgap.deploy.lerobot_step import put_on
from crossgap.evaluation.rows import share_won
from crossgap.experiments.engine.experiment import rows_of
from crossgap.experiments.goggles.demonstrations import demonstrate
from crossgap.experiments.xarm7.rollouts import scaled
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_REACH

OUT = Path(os.environ.get("ACT_OUT", "out"))
"""Where all is: another folder for another --seed."""
LOOK, SIZE, FPS, CHUNK, PLAYED = "target_b", 64, 10, 8, 2
"""The look to act in, image size, frames per second, actions of a chunk, and how many of it are played."""
FIRST_GOAL = 40_000
"""Seed of the first test goal: of those that nobody has looked at."""
CAMERAS = {"observation.images.front": "front", "observation.images.side": "side"}
STATE, ACTION, PAD = "observation.state", "action", "action_is_pad"
PREPROCESSOR, POSTPROCESSOR = "policy_preprocessor.json", "policy_postprocessor.json"


def record(episodes: int, real_episodes: int, steps: int, seed: int) -> None:
    """Demonstrations of the source look and of the other one, as LeRobot data sets. The state is the goal:
    where the gripper is, only the images tell."""
    for name, look, count, first in (("sim", "source", episodes, 0), ("real", LOOK, real_episodes, 10**6)):
        first += seed * 10**7
        shown = demonstrate(look, range(first, first + count), steps, 0.3, SIZE, min(count, 20))
        with LeRobotWriter(OUT / name, FPS, {STATE: None, ACTION: ["x", "y", "z"]}, CAMERAS) as to:
            for episode in np.unique(shown.episodes):
                part = shown.select(shown.episodes == episode)
                frames = {key: part.images[..., 3 * at : 3 * at + 3] for at, key in enumerate(CAMERAS)}
                to.add_episode({STATE: part.state, ACTION: part.actions}, frames, "reach")


class Decoded(torch.utils.data.Dataset):
    """A data set each of whose frames is decoded once."""

    def __init__(self, frames: LeRobotDataset):
        self.frames, self.kept = frames, {}

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, at: int) -> dict[str, Tensor]:
        return self.kept.get(at) or self.kept.setdefault(at, self.frames[at])


def train(name: str, folders: list[Path], start: Path | None, steps: int, batch: int, seed: int) -> None:
    """ACT on LeRobot data sets; with `start`, a policy trained on with them in equal shares, as the goggles'
    rival: like them on augmented images, and at a rate that goes to zero over the second half."""
    torch.manual_seed(seed)
    chunk = {ACTION: [step / FPS for step in range(CHUNK)]}
    sets = [LeRobotDataset(folder.name, root=folder, delta_timestamps=chunk) for folder in folders]
    if start is None:
        config = ACTConfig(
            input_features={key: PolicyFeature(FeatureType.VISUAL, (3, SIZE, SIZE)) for key in CAMERAS}
            | {STATE: PolicyFeature(FeatureType.STATE, (3,))},
            output_features={ACTION: PolicyFeature(FeatureType.ACTION, (3,))},
            chunk_size=CHUNK, n_action_steps=PLAYED, pretrained_backbone_weights=None, dim_model=128,
            n_heads=4, dim_feedforward=256, n_encoder_layers=2, latent_dim=16,
            device="cuda" if torch.cuda.is_available() else "cpu",
        )  # fmt: skip
        policy, (pre, post) = ACTPolicy(config), make_act_pre_post_processors(config, sets[0].meta.stats)
    else:
        policy, pre, post = ACTPolicy.from_pretrained(start), *processors(start)
    policy.to(policy.config.device).train()
    optimizer = torch.optim.AdamW(policy.parameters(), 1e-4, weight_decay=1e-4)
    augment = image_augmentation() if start else None
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 1.0 if start is None else min(1.0, 2 - 2 * step / steps)
    )
    loaders = [
        torch.utils.data.DataLoader(
            one, batch // len(sets), sampler=torch.utils.data.RandomSampler(one, True, steps * batch)
        )
        for one in map(Decoded, sets)
    ]
    for step, parts in zip(range(steps), zip(*loaders, strict=True), strict=False):
        given = {key: torch.cat([part[key] for part in parts]) for key in (*CAMERAS, STATE, ACTION, PAD)}
        if augment:
            given |= {key: (augment(2 * given[key] - 1) + 1) / 2 for key in CAMERAS}
        loss, _ = policy({**pre(given), PAD: given[PAD].to(policy.config.device)})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
        if step % 50 == 0 or step + 1 == steps:
            print(f"{name}: step {step + 1} of {steps}, loss {loss.item():.3f}", flush=True)
    policy.save_pretrained(OUT / name)
    pre.save_pretrained(OUT / name, config_filename=PREPROCESSOR)
    post.save_pretrained(OUT / name, config_filename=POSTPROCESSOR)


def processors(folder: Path) -> tuple[PolicyProcessorPipeline, PolicyProcessorPipeline]:
    """What LeRobot does to observations before a policy, and to actions after it."""
    return (
        PolicyProcessorPipeline.from_pretrained(folder, config_filename=PREPROCESSOR),
        PolicyProcessorPipeline.from_pretrained(
            folder, config_filename=POSTPROCESSOR, to_transition=policy_action_to_transition,
            to_output=transition_to_policy_action,
        ),
    )  # fmt: skip


class Chunk(nn.Module):
    """ACT as goggles are trained through it: cameras from 0 to 1 and the state to a chunk of actions in their
    own units. `select_action` has no gradient; this is what it calls."""

    def __init__(self, folder: Path):
        super().__init__()
        self.policy = ACTPolicy.from_pretrained(folder)
        self.pre, self.post = processors(folder)

    def forward(self, given: dict[str, Tensor]) -> Tensor:
        """(n, 3, H, W) by camera and (n, 3) to (n, CHUNK, 3)."""
        batch = self.pre(dict(given))
        batch["observation.images"] = [batch[key] for key in self.policy.config.image_features]
        return self.post(self.policy.model(batch)[0])


def make() -> nn.Module:
    """The frozen policy, for `crossgap goggles --policy act:make`."""
    return Chunk(OUT / "act")


@torch.no_grad()
def won(folder: Path, look: str, goals: int, steps: int) -> list[bool]:
    """Which goals a policy reaches as LeRobot loads and runs it, with the goggles that it may wear."""
    policy, (pre, post) = ACTPolicy.from_pretrained(folder), processors(folder)
    policy.eval().reset()
    with EnvironmentPool(XARM7_REACH, goals, look=look, size=SIZE, cameras=tuple(CAMERAS.values())) as pool:
        observation, infos = pool.reset(range(FIRST_GOAL, FIRST_GOAL + goals))
        for _ in range(steps):
            images = {
                key: torch.from_numpy(observation["pixels"][camera]).permute(0, 3, 1, 2).float() / 255
                for key, camera in CAMERAS.items()
            }
            state = torch.from_numpy(scaled(observation["desired_goal"]))
            action = post(policy.select_action(pre({**images, STATE: state})))
            observation, infos = pool.step(np.clip(action.numpy(), -1, 1))
    return [bool(info["is_success"]) for info in infos]


def evaluate(goals: int, steps: int, seed: int, results: Path) -> None:
    """The policy as it is, behind goggles, and fine-tuned: rows of a results file."""
    worn = OUT / "act_with_goggles"
    if not worn.exists():
        put_on(OUT / "act", OUT / "goggles" / "models" / "goggles", worn)
    tests = [("policy", OUT / "act", "source"), ("policy", OUT / "act", LOOK), ("goggles", worn, LOOK)]
    if (OUT / "fine_tuned").exists():
        tests.append(("augmented_fine_tuned", OUT / "fine_tuned", LOOK))
    rows = []
    device = "cuda" if torch.cuda.is_available() else "cpu"
    start(OUT, seed=seed, preset="act", device=device, precision="32-true")
    with timed(OUT, "evaluate"):
        for method, folder, look in tests:
            found = share_won(won(folder, look, goals, steps))
            rows += rows_of({"success": found}, domain=look, method=method, seed=seed)
            print(f"{method}, {look}: {found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})")
    settings = {"goals": goals, "steps": steps, "first_goal": FIRST_GOAL, "lerobot": lerobot.__version__}
    origin = provenance(OUT) | {"command": "examples/act_goggles/act.py, as its head says"}
    print(add_results(results, rows, origin, settings))


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("record")
    one.set_defaults(run=record)
    for name, count in (("episodes", 300), ("real-episodes", 10), ("steps", 12), ("seed", 0)):
        one.add_argument(f"--{name}", type=int, default=count)
    one = verbs.add_parser("train")
    one.set_defaults(run=train)
    one.add_argument("name")
    one.add_argument("folders", type=Path, nargs="+")
    one.add_argument("--start", type=Path)
    for name, count in (("steps", 1500), ("batch", 16), ("seed", 0)):
        one.add_argument(f"--{name}", type=int, default=count)
    one = verbs.add_parser("evaluate")
    one.set_defaults(run=evaluate)
    one.add_argument("--results", type=Path, default=Path(__file__).parents[2] / "results/goggles/act.json")
    for name, count in (("goals", 100), ("steps", 30), ("seed", 0)):
        one.add_argument(f"--{name}", type=int, default=count)
    given = vars(parser.parse_args())
    given.pop("run")(**given)


if __name__ == "__main__":
    main()
