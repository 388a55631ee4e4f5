"""What learns, of any size, and the off-policy loop: play a round of episodes, learn from all there are, and
again."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import lightning_fabric
import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer

from crossgap.base.files import remove
from crossgap.core.trainer import Phase
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.rl.collection import FIRST_EPISODE, VALIDATION_GOALS, Act, View, World, play, play_goals, stream
from crossgap.rl.replay import Replay, Transitions, write_episodes

Networks = nn.ModuleDict | dict[str, Any]
"""Networks by name."""


class QFunction(Protocol):
    """A critic, Q(s, a), in training mostly an `nn.Module`.

    A state is as many tensors as its world needs: Q(state, goal, action), or Q(image, action). The action is
    the last, so that a search for the best one needs to know nothing else of them.
    """

    def __call__(self, *state_and_action: Tensor) -> Tensor:
        """(n, …) each, the last one actions (n, a), to what they are worth, (n,)."""
        ...


class Learner(ABC):
    """Networks that learn from transitions, and the policy that they make. Subclasses fill the attributes."""

    name: str
    networks: nn.ModuleDict
    optimizers: dict[str, Optimizer]
    learning_rate: float
    """Each as of a `Phase`."""
    phase: Phase | None = None
    """What trains it, with its devices; without one it learns alone."""

    @abstractmethod
    def policy(self, view: View) -> Act:
        """What it holds for best, without exploration; it goes on changing as the learner learns."""

    @abstractmethod
    def update(
        self, batch: Transitions, demonstrated: int = 0, labelled: tuple[Tensor, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """One update of everything; the losses, on the device.

        Args:
            batch: what was seen, done and earned.
            demonstrated: how many of these transitions, the last, are an expert's.
            labelled: images (m, C, H, W) in [-1, 1] and what they show, (m, k).
        """

    def extra_state(self) -> dict[str, Tensor]:
        """Tensors beyond networks and optimizers, such as target networks' weights, for checkpoints."""
        return {}

    def load_extra_state(self, state: dict[str, Tensor]) -> None:  # noqa: B027 (optional)
        """Take them back."""

    @property
    def trained(self) -> Networks:
        """The networks for a pass that gives gradients: on several devices, their mean."""
        return self.phase.parallel if self.phase else self.networks

    def descend(self, name: str, loss: Tensor) -> None:
        """One step of an optimizer down the gradient of `loss`."""
        if self.phase:
            self.phase.update(name, loss)
            return
        self.optimizers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[name].step()


@dataclass(frozen=True)
class Loop:
    """Size of an off-policy training."""

    rounds: int
    """How often an episode is played in every environment, and learnt from."""
    updates: int
    """Updates per round."""
    batch: int
    """Transitions per update."""
    environments: int
    """Episodes that are played at the same time."""
    episode_steps: int
    """Steps of an episode."""
    noise: float
    """Standard deviation of the exploration noise on actions in [-1, 1]."""
    random: tuple[float, float]
    """Share of actions that are random: in the first round, and in the others."""
    replay: int
    """Frames that are remembered."""
    relabelled: float
    """Share of transitions whose goal is one that the same episode reached later."""
    goals: int
    """Validation goals of a point of the learning curve."""
    evaluate_every: int
    """Rounds between two of these points; there is one at the end."""
    evaluate_first: bool = False
    """Whether there is one before all learning."""
    demonstrated: int = 0
    """Transitions of an update that are an expert's, besides `batch`."""
    last_episode: int = 2**31
    """Seeds of episodes that are learnt from are below."""


def exploring(act: Act, noise: float, random: float, rng: np.random.Generator) -> Act:
    """The same with normal noise on the actions, of that standard deviation; a share is random instead."""

    def explore(observation: Any) -> np.ndarray:
        action = act(observation)
        action = np.clip(action + noise * rng.standard_normal(action.shape), -1, 1)
        chance = rng.random((len(action), 1)) < random
        return np.where(chance, rng.uniform(-1, 1, action.shape), action)

    return explore


Watch = Callable[[int, list[dict[str, Any]]], None]
"""Takes the number of rounds done, and how the policy's episodes on the validation goals ended."""


class OffPolicy(Phase):
    """A learner's training in a world; a step is a round.

    What a round does depends on its number, on the learner and on the replay alone, and all of them are kept,
    so that a training which was killed ends as one that was not. On several devices each plays its share of
    the episodes, and learns its share of a batch from what it has played itself.

    Args:
        folder: of the training; the episodes are in its `replay`.
        learner: what learns.
        world: where.
        loop: the size.
        seed: of everything random.
        watch: is told how the policy does.
        demonstrations: an expert's episodes, a share of every batch.
        labelled: images and what they show, for a learner that has a use for them.
    """

    log_every, checkpoint_seconds = 1, 0.0

    def __init__(
        self, folder: Path, learner: Learner, world: World, loop: Loop, seed: int, watch: Watch,
        demonstrations: Replay | None = None, labelled: Batches | None = None,
    ):  # fmt: skip
        self.folder, self.learner, self.world, self.loop, self.seed = folder, learner, world, loop, seed
        self.watch, self.demonstrations, self.labelled = watch, demonstrations, labelled
        self.name, self.steps, self.learning_rate = learner.name, loop.rounds, learner.learning_rate
        self.networks, self.optimizers = dict(learner.networks.items()), learner.optimizers
        self.extra_state, self.load_extra_state = learner.extra_state, learner.load_extra_state
        self.replay = Replay(loop.replay, loop.relabelled, world.reward)
        self.act = learner.policy(world.view)

    def setup(self, fabric: lightning_fabric.Fabric) -> None:
        """As every phase. On several devices there have to be equal shares: else a CrossgapError."""
        super().setup(fabric)
        self.learner.phase, world = self, fabric.world_size
        shared = {name: getattr(self.loop, name) for name in ("environments", "batch", "demonstrated")}
        for name, count in (shared | {"labelled": self.labelled.size if self.labelled else 0}).items():
            if count % world:
                raise CrossgapError(
                    f"'{name}' is {count} on {world} processes. Expected a multiple of their number."
                )
        self.share = replace(self.loop, **{name: count // world for name, count in shared.items()})

    @contextmanager
    def opened(self, done: int) -> Iterator[None]:
        """Holds the environments, and what the rounds so far have played.

        Raises:
            CrossgapError: another number of processes has played it, or it is damaged.
        """
        watches = self.fabric.is_global_zero
        self._check_processes(done)
        self.replay.load(map(self._path, range(done)))
        with (
            self.world.pool(self.share.environments, **self.world.varied) as self._pool,
            self.world.pool(self.loop.goals) if watches else nullcontext() as self._validation,
        ):
            if self.loop.evaluate_first and not done:
                self._evaluate(0)
            yield
        self.learner.phase = None  # gigabytes of replay are not the learner's to hold

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One round; the means of its updates' losses."""
        rng = stream(self.seed, step, self.fabric.global_rank)
        self._play(step, rng)
        losses = self._learn(step, rng)
        if (step + 1) % self.loop.evaluate_every == 0 or step + 1 == self.steps:
            self._evaluate(step + 1)
        return losses

    def _play(self, number: int, rng: np.random.Generator) -> None:
        seeds = rng.integers(FIRST_EPISODE, self.loop.last_episode, self.share.environments)
        act = exploring(self.act, self.loop.noise, self.loop.random[number > 0], rng)
        episodes, _ = play(
            self._pool, act, [int(seed) for seed in seeds], self.loop.episode_steps, self.world.view,
            self.world.options(number),
        )  # fmt: skip
        write_episodes(self._path(number), episodes)
        for episode in episodes:
            self.replay.add(episode)

    def _learn(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        sums: dict[str, Tensor] = {}
        for update in range(number * self.loop.updates, (number + 1) * self.loop.updates):
            batch, more = self.replay.sample(self.share.batch, rng), {}
            if self.demonstrations and self.share.demonstrated:
                batch += self.demonstrations.sample(self.share.demonstrated, rng)
                more["demonstrated"] = self.share.demonstrated
            if self.labelled:
                more["labelled"] = self.labelled(update)
            for name, loss in self.learner.update(batch, **more).items():
                sums[name] = sums.get(name, 0) + loss
        return {name: total.double() / self.loop.updates for name, total in sums.items()}

    def _evaluate(self, rounds: int) -> None:
        """How the policy does on the validation goals after so many rounds; the first device says so."""
        if self._validation is not None:
            seeds = range(VALIDATION_GOALS, VALIDATION_GOALS + self.loop.goals)
            steps, view = self.loop.episode_steps, self.world.view
            self.watch(rounds, play_goals(self._validation, self.act, seeds, steps, view)[1])

    def _check_processes(self, done: int) -> None:
        """Whether the rounds so far were played on as many processes as there are now."""
        here = self.fabric.world_size
        if not done and self.fabric.is_global_zero:
            for path in self._of_others(0):
                remove(path)  # of a first round that was not learnt from
        for number in range(done):
            if not self._path(number).exists() and (others := self._of_others(number)):
                count = min(others.values())
                begun, now = (f"{n} process{'es' if n > 1 else ''}" for n in (count, here))
                raise CrossgapError(
                    f"{self.folder} was begun on {begun} and goes on with as many; found {now}. Start it "
                    f"with torchrun --nproc-per-node {count}, or another one in a new folder."
                )

    def _of_others(self, number: int) -> dict[Path, int]:
        """What another number of processes has played in a round: its files, each with that number."""
        files = (self.folder / "replay").glob(f"{number:05d}*.npz")
        counts = {path: int(path.stem.partition("_of_")[2] or 1) for path in files}
        return {path: count for path, count in counts.items() if count != self.fabric.world_size}

    def _path(self, number: int) -> Path:
        """The file of what this device has played in a round."""
        rank, world = self.fabric.global_rank, self.fabric.world_size
        return self.folder / "replay" / f"{number:05d}{f'_{rank}_of_{world}' if world > 1 else ''}.npz"
