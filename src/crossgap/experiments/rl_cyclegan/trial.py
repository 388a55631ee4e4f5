"""One seed of the table of Robot 1: what its methods share, each stage done once and kept."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from crossgap.base.files import alone
from crossgap.base.records import Shape
from crossgap.core.fabric import in_float32
from crossgap.core.runs import same_setup, timed
from crossgap.core.trainer import Phase, Trainer
from crossgap.core.weights import done_in
from crossgap.data.batches import Batches, image_tensor, to_images
from crossgap.evaluation import share_won
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.rl_cyclegan.bins import (
    EPISODE,
    FORM,
    MASKED,
    bins,
    new_critic,
    played,
    recorded,
)
from crossgap.experiments.rl_cyclegan.evaluations import evaluated
from crossgap.experiments.rl_cyclegan.presets import GAPS, Gap, OnceSize
from crossgap.experiments.rl_cyclegan.translated import Drawn, Goggled
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.networks import MaskingGenerator, PatchDiscriminator, SegmentationNetwork, SkipGenerator
from crossgap.rl.collection import Act, World
from crossgap.rl.experience import Experience
from crossgap.rl.offline import Offline
from crossgap.rl.replay import Episode
from crossgap.rl.rewarded import RewardedReplay
from crossgap.simulation.grasping.scene import FIRST_THING
from crossgap.simulation.grasping.script import OnceScript

PBR = "target_pbr"
"""The look `target` by Filament: policies can be tested in it, and nothing learns from it."""
SOURCE, TARGET = 0, 1
"""Streams of bins: those in simulation, in whatever look, and real ones. No bin is in both."""


class Translators(NamedTuple):
    """Untrained networks."""

    forward: nn.Module
    """G."""
    inverse: nn.Module
    """F."""
    discriminators: tuple[nn.Module, nn.Module]
    """D_X and D_Y."""


class OnceTrial(Trial):
    """One seed in one gap. Arguments as of `Trial`: the domain is the gap's name."""

    preset: OnceSize

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self._used: set[str] = set()

    @property
    def gap(self) -> Gap:
        """What is crossed."""
        return GAPS[self.domain]

    def run(
        self, methods: Mapping[str, Callable[["OnceTrial"], Act]], tests: Sequence[str] | None = None
    ) -> Rows:  # fmt: skip
        """Do what is not done yet; a row per method, and setup or look it is tested in.

        Args:
            methods: what makes each one's policy.
            tests: where they are tested: setups, in the gap's look; `source`, the simulation; or `PBR`. By
                default in the gap's setups, and in simulation what learns in that alone.

        Raises:
            CrossgapError: the folder was begun with another size.
        """
        same_setup(self.root / f"seed_{self.seed}", self.preset)
        rows: Rows = []
        for name, make in methods.items():
            for where in tests or self._tests(name):
                found = self._tested(name, make, where)
                rows += rows_of(found, domain=f"{self.domain}/{where}", method=name, seed=self.seed)
        return rows

    def evaluation(self, name: str) -> Path:
        """The file of an evaluation, such as of a method's test grasps: its name and where they were."""
        return self.folder / "evaluation" / f"{name}.json"

    def tested(self, names: Iterable[str], tests: Sequence[str] | None = None) -> list[str]:
        """Those of methods that have been tested, everywhere where `run` tests them."""
        return [
            name for name in names
            if all(self.evaluation(f"{name}_{where}").exists() for where in tests or self._tests(name))
        ]  # fmt: skip

    def _tests(self, name: str) -> tuple[str, ...]:
        """Where a method is tested by default."""
        return (*self.gap.tests, *(("source",) if name in IN_SIMULATION_ALONE else ()))

    def _tested(self, name: str, make: Callable[["OnceTrial"], Act], where: str) -> dict[str, Any]:
        world = self.test_world(where)

        def play() -> list[dict[str, Any]]:
            act = self._policy(name, make)
            with timed(self.root, "evaluate"):
                return played(world, act, self.preset.grasps)

        of = {"world": world.seen, "grasps": self.preset.grasps}
        won = [one["success"] for one in self.evaluated(f"{name}_{where}", play, [EPISODE], **of)]
        return {"success": share_won(won)}

    def evaluated(self, name: str, make: Callable[[], Any], shape: Shape, **about: Any) -> Any:
        """As of `evaluations.evaluated`, by name: what is measured depends on the gap, on what else it is
        about, and on all that it trains or reads."""
        self._used = set()
        of = {"gap": asdict(self.gap)} | about
        return evaluated(self.evaluation(name), make, shape, of, lambda: self._used, self._place)

    def _place(self, name: str) -> Path:
        """The folder of a training; of what sees nothing real it is all gaps'."""
        return (self.simulated if name in IN_SIMULATION_ALONE else self.folder) / "learnt" / name

    def test_world(self, where: str) -> World:
        """Bins that policies are tested in, as of `run`'s `tests`."""
        gap = self.gap
        if where == "source":
            return bins("source", gap.setup, unseen=True)
        look, setup = (PBR, gap.tests[0]) if where == PBR else (gap.look, where)
        return bins(look, setup, gap.objects, unseen=True)

    def _policy(self, name: str, make: Callable[["OnceTrial"], Act]) -> Act:
        with timed(self.root, f"learn {name}"):
            return make(self)

    # data

    def scripted(self, name: str, world: World, count: int, stream: int) -> list[Episode]:
        """Grasps of the script, once; the same stream and setup mean the same grasps in the same bins."""
        folder = (self.simulated if stream == SOURCE else self.folder) / "grasps" / name
        with alone(folder), timed(self.root, f"collect {name}"):
            return recorded(folder, world, OnceScript, count, 2 * self.seed + stream, self.quiet)

    @property
    def simulated(self) -> Path:
        """The folder of what sees nothing real: it is every gap's of this setup."""
        return self.source_folder / self.gap.setup

    def _masked(self, look: str) -> list[Episode]:
        """Simulated grasps, the same in every look; with images and what is where in them."""
        return self.scripted(look, bins(look, self.gap.setup, view=MASKED), self.preset.source, SOURCE)

    @functools.cached_property
    def source(self) -> list[Episode]:
        """Simulated grasps."""
        return [seen(one) for one in self._masked("source")]

    @functools.cached_property
    def randomized(self) -> list[Episode]:
        """The same grasps in the same bins, looking random."""
        return [seen(one) for one in self._masked("randomized")]

    def masks(self, look: str = "source") -> np.ndarray:
        """What is where in their images, (n, H, W) uint8, as of the environment's `segmentation`."""
        return np.stack([one.frames[0, ..., 3] for one in self._masked(look)])

    @functools.cached_property
    def unlimited(self) -> list[Episode]:
        """Real grasps, as many as one likes."""
        return self._real(self.preset.oracle)

    @functools.cached_property
    def real(self) -> list[Episode]:
        """The real grasps that there are, the first of these."""
        return self._real(round(self.gap.real * self.preset.real))

    def _real(self, count: int) -> list[Episode]:
        world = bins(self.gap.look, self.gap.setup, self.gap.objects)
        return self.scripted("target", world, count, TARGET)

    def experience(self, episodes: Sequence[Episode], batch: int, number: int = 0) -> Experience:
        """Batches of grasps; those of another number are in another order."""
        replay = RewardedReplay(2 * len(episodes), self.preset.q.discount)
        for episode in episodes:
            replay.add(episode)
        return Experience(replay, batch, 1_000 * self.seed + number, device=self.fabric.device)

    def batches(
        self, episodes: Sequence[Episode], number: int = 0, masks: np.ndarray | None = None, size: int = 0
    ) -> Batches:  # fmt: skip
        """Batches of images alone, for translators, or with what is where in them; as large as a translator's
        by default."""
        device = self.fabric.device
        images = torch.from_numpy(np.stack([one.frames[0] for one in episodes])).to(device)
        labels = torch.zeros(len(images), 0) if masks is None else torch.from_numpy(classes(masks))
        size = size or self.preset.translation.batch
        return Batches(images, labels.to(device), size, 1_000 * self.seed + number)

    # networks

    def new_q(self) -> QTOpt:
        """An untrained Q-function, always the same for a seed."""
        torch.manual_seed(self.seed)
        critic = new_critic(self.preset.q_width, self.gap.setup)
        return QTOpt(critic, FORM, self.preset.q, self.fabric.device, seed=self.seed)

    def learnt(self, name: str, *data: Sequence[Episode], start: QTOpt | None = None) -> QTOpt:
        """A Q-function that has learnt from grasps, the same share of every batch from each part of them."""
        learner, size = self.new_q() if start is None else start.twin(self.fabric.device), self.preset
        batch = size.q.batch // len(data)
        steps = size.q_steps if start is None else size.tuning_steps
        data = () if done_in(self._place(name) / "checkpoints" / "q") == steps else data
        parts = [self.experience(part, batch, number) for number, part in enumerate(data)]
        self.fit(Offline("q", learner, parts, steps), name, in_float32(self.fabric))
        return learner

    def fit(self, phase: Phase, name: str, fabric: Any = None) -> None:
        """Train a phase in a folder of its own, or read its end."""
        self._used.add(name)
        with alone(folder := self._place(name)):  # another part's process may want the same
            Trainer(folder, fabric or self.fabric, self.seed, self.quiet).fit(phase)

    @property
    def source_q(self) -> QTOpt:
        """Q_sim before anything real is seen."""
        self._used.add("source_only")
        return self._source_q

    @functools.cached_property
    def _source_q(self) -> QTOpt:
        return self.learnt("source_only", self.source)

    def translators(self) -> Translators:
        """New ones, always the same for a seed."""
        torch.manual_seed(self.seed)
        size = self.preset
        about = size.generator_width, size.generator_blocks
        forward, inverse = SkipGenerator(*about), SkipGenerator(*about)
        sizes = size.discriminator_width, size.discriminator_layers
        return Translators(forward, inverse, (PatchDiscriminator(*sizes), PatchDiscriminator(*sizes)))

    def new_segmentation(self) -> SegmentationNetwork:
        """An untrained network that says what is where, always the same for a seed."""
        torch.manual_seed(self.seed)
        size = self.preset
        return SegmentationNetwork(FIRST_THING + 1, size.generator_width, size.generator_blocks)

    def new_masking_generator(self) -> MaskingGenerator:
        """An untrained G that also says what is where, always the same for a seed."""
        torch.manual_seed(self.seed)
        return MaskingGenerator(FIRST_THING + 1, self.preset.generator_width, self.preset.generator_blocks)

    # what is made of them

    @torch.no_grad()
    def translated(self, generator: nn.Module, frames: np.ndarray) -> np.ndarray:
        """What a generator makes of images (n, H, W, 3) uint8, the same."""
        generator.eval()
        parts = (image_tensor(frames[i : i + 100], self.fabric.device) for i in range(0, len(frames), 100))
        return np.concatenate([to_images(generator(part)) for part in parts])

    def drawn(self, generator: nn.Module, episodes: Sequence[Episode]) -> Sequence[Episode]:
        """Grasps as they would look in the other domain."""
        return Drawn(episodes, functools.partial(self.translated, generator))

    def goggled(self, generator: nn.Module, learner: QTOpt) -> Goggled:
        """A policy behind a translator."""
        return Goggled(learner, functools.partial(self.translated, generator))


def classes(masks: np.ndarray) -> np.ndarray:
    """What is where in images, (n, H, W) uint8, with all things as one class, int64."""
    return np.minimum(masks, FIRST_THING).astype(np.int64)


def seen(episode: Episode) -> Episode:
    """An attempt without what is where in its images."""
    return replace(episode, frames=episode.frames[..., :3])


IN_SIMULATION_ALONE = ("blind", "source_only", "randomized", "rcan", "on_rcan", "segmentation")
"""What learns from nothing real."""
