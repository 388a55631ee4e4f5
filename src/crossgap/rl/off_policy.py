"""The off-policy loop: play a round of episodes, learn from all there are, and again."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
from torch import Tensor

from crossgap.base.files import remove
from crossgap.core.trainer import Phase
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.rl.collection import FIRST_EPISODE, VALIDATION_GOALS, Act, World, play, play_goals, stream
from crossgap.rl.learner import Learner, Loop
from crossgap.rl.replay import Episode, Replay, Transitions, write_episodes
from crossgap.simulation.base.workers import EnvironmentPool


def sampled(
    replay: Replay, demonstrations: Replay | None, own: int, count: int, rng: np.random.Generator
) -> Transitions:  # fmt: skip
    """Transitions, the first `own` of the replay, those that are left to `count` of the demonstrations."""
    if demonstrations is None or own == count:
        return replay.sample(own, rng)
    if not own:
        return demonstrations.sample(count, rng)
    return replay.sample(own, rng) + demonstrations.sample(count - own, rng)


def explored(
    pool: EnvironmentPool, act: Act, learner: Learner, world: World, loop: Loop, number: int, count: int,
    rng: np.random.Generator,
) -> list[Episode]:  # fmt: skip
    """An episode in each of `count` environments of a pool, of a learner's policy that explores in that
    round."""
    seeds = rng.integers(FIRST_EPISODE, loop.last_episode, count)
    act = learner.exploring(act, loop.noise, loop.random[number > loop.offline], rng)
    options = world.options(number)
    return play(pool, act, [int(seed) for seed in seeds], loop.episode_steps, world.view, options)[0]


def add(sums: dict[str, Tensor], losses: dict[str, Tensor]) -> None:
    """Losses to the sums of those before."""
    for name, loss in losses.items():
        sums[name] = sums.get(name, 0) + loss


Tell = Callable[[int, list[dict[str, Any]]], None]
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
        tell: is told how the policy does.
        demonstrations: episodes of others, a share of every batch: an expert's, or any that are recorded.
        labelled: images and what they show, for a learner that has a use for them.
    """

    log_every, checkpoint_seconds = 1, 0.0

    def __init__(
        self, folder: Path, learner: Learner, world: World, loop: Loop, seed: int, tell: Tell,
        demonstrations: Replay | None = None, labelled: Batches | None = None,
    ):  # fmt: skip
        self.folder, self.learner, self.world, self.loop, self.seed = folder, learner, world, loop, seed
        self.tell, self.demonstrations, self.labelled = tell, demonstrations, labelled
        self.name, self.steps, self.learning_rate = learner.name, loop.rounds, learner.learning_rate
        self.networks, self.optimizers = dict(learner.networks.items()), learner.optimizers
        self.extra_state, self.load_extra_state = learner.extra_state, learner.load_extra_state
        self.replay = learner.replay(loop, world)
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
        self._load(done)
        with (
            self._players() as self._pool,
            self.world.pool(self.loop.goals) if watches else nullcontext() as self._validation,
        ):
            if self.loop.evaluate_first and not done:
                self._evaluate(0)
            yield
        self.learner.phase = None  # gigabytes of replay are not the learner's to hold

    def _players(self) -> AbstractContextManager[Any]:
        """The environments that it learns in."""
        return self.world.pool(self.share.environments, **self.world.varied)

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One round; the means of its updates' losses."""
        rng = stream(self.seed, step, self.fabric.global_rank)
        if step >= self.loop.offline:
            self._play(step, rng)
        losses = self._learn(step, rng)
        if (step + 1) % self.loop.evaluate_every == 0 or step + 1 == self.steps:
            self._evaluate(step + 1)
        return losses

    def _play(self, number: int, rng: np.random.Generator) -> None:
        count = self.share.environments
        episodes = explored(self._pool, self.act, self.learner, self.world, self.loop, number, count, rng)
        write_episodes(self._path(number), episodes)
        for episode in episodes:
            self.replay.add(episode)

    def _load(self, rounds: int) -> None:
        """Remember what so many rounds have played."""
        self.replay.load(map(self._path, range(self.loop.offline, rounds)))

    def _learn(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        sums: dict[str, Tensor] = {}
        for update in range(number * self.loop.updates, (number + 1) * self.loop.updates):
            batch, more = self._batch(number, rng), {}
            if self.demonstrations and self.share.demonstrated:
                more["demonstrated"] = self.share.demonstrated
            if self.labelled:
                more["labelled"] = self.labelled(update)
            add(sums, self.learner.update(batch, **more))
        return {name: total.double() / self.loop.updates for name, total in sums.items()}

    def _batch(self, number: int, rng: np.random.Generator) -> Transitions:
        """What an update of a round learns from, what is demonstrated last."""
        own, count = self._sizes(number)
        return sampled(self.replay, self.demonstrations, own, count, rng)

    def _sizes(self, number: int) -> tuple[int, int]:
        """Of a batch in a round: how many transitions are of its own episodes, and how many there are."""
        shown = self.share.demonstrated if self.demonstrations else 0
        return self.share.batch if number >= self.loop.offline else 0, self.share.batch + shown

    def _evaluate(self, rounds: int) -> None:
        """How the policy does on the validation goals after so many rounds; the first device says so."""
        if self._validation is not None:
            seeds = range(VALIDATION_GOALS, VALIDATION_GOALS + self.loop.goals)
            steps, view = self.loop.episode_steps, self.world.view
            self.tell(rounds, play_goals(self._validation, self.act, seeds, steps, view)[1])

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
