"""One seed in one look: a policy that only knows the source, and what can be done without its weights."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from crossgap.base.files import once, writing
from crossgap.core.runs import made_once, timed
from crossgap.core.weights import write_tensors
from crossgap.data.augmentation import image_augmentation
from crossgap.data.batches import Augment, Batches
from crossgap.data.observations import Observations
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.frozen import FrozenPolicy
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.goals import TEST, ending, first_goal, said
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.goggles.demonstrations import (
    FIRST_SOURCE,
    FIRST_TARGET,
    acting,
    demonstrate,
    play,
)
from crossgap.experiments.goggles.policy import ABOUT, CAMERAS, GOAL, STATE, make
from crossgap.experiments.xarm7.rollouts import EPISODE, judged
from crossgap.losses import task_loss
from crossgap.methods.config import SupervisedConfig
from crossgap.methods.goggles.cloning import Cloning, demonstrated
from crossgap.methods.goggles.recipe import Given, GogglesTraining, per_camera

SOURCE, POLICY = "source", "policy.safetensors"
PARTS = ("images", "state", "actions", "episodes")
"""Of demonstrations, what a file keeps."""
STEP = 100_000
"""Between the first demonstrations of two seeds."""


class GogglesTrial(Trial):
    """Every method of one seed in one look. Arguments as in `Trial`."""

    def run(self, kinds: Sequence[str] = (TEST,)) -> Rows:
        """Do what is not done yet; rows of `success` and `distance` (metres) on the test goals, of the policy
        in the source, too. Kinds of goals are those of `engine.goals`."""
        rows: Rows = []
        for method in self.preset.methods:
            looks = (SOURCE, self.domain) if method == "policy" else (self.domain,)
            for kind, look in itertools.product(kinds, looks):
                found = judged(self.episodes(method, look, kind))
                rows += rows_of(found, domain=look, method=method, seed=self.seed, **said(kind))
        return rows

    def demonstrations(self, look: str) -> Observations:
        """Those of a look; always the same."""
        source, preset = look == SOURCE, self.preset
        first = (FIRST_SOURCE if source else FIRST_TARGET) + STEP * self.seed
        count = preset.source_episodes if source else preset.target_episodes
        path = (self.source_folder if source else self.folder) / "demonstrations.npz"

        def collect() -> None:
            seeds = range(first, first + count)
            found = demonstrate(look, seeds, preset.steps, preset.stray, preset.size, preset.environments)
            with writing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **{part: getattr(found, part) for part in PARTS})

        made_once(path, collect, self.root, f"collect {look}")
        with np.load(path) as kept:
            arrays = {part: kept[part] for part in PARTS}
        return Observations(**arrays, cameras=CAMERAS, state_name=STATE, action_names=("x", "y", "z"))

    def policy(self) -> FrozenPolicy:
        """The policy, trained in the source first if need be; from then on nobody touches it."""
        path = self.source_folder / POLICY

        def train() -> None:
            torch.manual_seed(self.seed)
            data = [self._batches(self.demonstrations(SOURCE), self.preset.cloning, 1)]
            self._clone("policy", make(), data, self.preset.cloning, path)

        made_once(path, train, self.root, "train policy")
        return self._frozen(path)

    def fine_tuned(self, method: str) -> FrozenPolicy:
        """A rival: the policy's weights trained on, with the target's demonstrations and its own."""
        path, config = self.folder / f"{method}.safetensors", self.preset.fine_tuning
        augment = per_camera(image_augmentation()) if method.startswith("augmented") else None

        def train() -> None:
            sets = (self.demonstrations(self.domain), self.demonstrations(SOURCE))
            data = [self._batches(one, config, 3 + at, augment) for at, one in enumerate(sets)]
            self._clone(method, self.policy().network, data, config, path)

        made_once(path, train, self.root, f"train {method}")
        return self._frozen(path)

    def goggles(self, method: str) -> AdaptedModel:
        """The translator in front of the policy, trained with the target's actions or without."""
        path = self.folder / method

        def train() -> None:
            target = self.demonstrations(self.domain)
            target = target.without_actions() if method.endswith("without_actions") else target
            given, trainer = (
                Given(self.demonstrations(SOURCE), target),
                self.trainer(self.folder / f"{method}_run"),
            )
            GogglesTraining(self.policy(), given, self.preset.goggles, trainer).train().save(path)

        made_once(path, train, self.root, f"train {method}")
        return AdaptedModel.load(path, self.fabric.device)

    def episodes(self, method: str, look: str, kind: str = TEST) -> list[dict[str, Any]]:
        """Every test episode of a method in a look."""

        def act() -> list[dict[str, Any]]:
            device, preset = self.fabric.device, self.preset
            policy = self.fine_tuned(method) if method.endswith("tuned") else self.policy()
            translate = self.goggles(method).translate if method.startswith("goggles") else None
            seeds = range(first := first_goal(kind), first + preset.goals)
            with timed(self.root, f"evaluate {method}"):
                return play(acting(policy, device, translate), look, seeds, preset.play, preset.size)

        path = self.folder / "evaluation" / f"{method}_{look}{ending(kind)}.json"
        return once(path, act, "evaluation", [EPISODE])

    def pictures(self, count: int = 8) -> dict[str, np.ndarray]:
        """Frames of new demonstrations by label, (count, H, W, 3) uint8, and what each translator makes."""
        first = FIRST_TARGET + STEP * self.seed + STEP // 2
        looks = {"x": SOURCE, "y": self.domain}
        seen = {
            label: demonstrate(look, range(first, first + count), 2, 0.0, self.preset.size, count).images
            for label, look in looks.items()
        }  # fmt: skip
        rows: dict[str, np.ndarray] = {}
        for at, camera in enumerate(CAMERAS):
            view = {label: images[:count, ..., 3 * at : 3 * at + 3] for label, images in seen.items()}
            rows[f"{camera}: y"] = view["y"]
            for method in (one for one in self.preset.methods if one.startswith("goggles")):
                name = "F(y)" if method == "goggles" else "F(y), no actions"
                rows[f"{camera}: {name}"] = self.goggles(method).translate(view["y"])
            rows[f"{camera}: x"] = view["x"]
        return rows

    def _frozen(self, path: Path) -> FrozenPolicy:
        return replace(ABOUT, weights=str(path)).load(self.fabric.device)

    def _batches(
        self, data: Observations, config: SupervisedConfig, stream: int, augment: Augment | None = None
    ) -> Batches:
        seed = 10 * self.seed + stream
        return demonstrated(data, data.actions, config.batch, seed, self.fabric.device, augment)

    def _clone(
        self, name: str, policy: nn.Module, data: list[Batches], config: SupervisedConfig, path: Path
    ) -> None:
        place = self.source_folder if name == "policy" else self.folder
        policy.requires_grad_(True)
        self.trainer(place).fit(Cloning(name, policy, ABOUT, data, config, GOAL, task_loss))
        with writing(path) as temporary:
            write_tensors(policy.state_dict(), temporary)
