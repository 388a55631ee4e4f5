"""The off-policy loop in actors of Ray, as QT-Opt divides its work (Kalashnikov et al. 2018, section 4.3).

    collectors  ── episodes ──▶  replay  ── transitions ──▶  Bellman updaters  ── targets ──▶  trainer
        ▲                                                           ▲                            │
        └────────────────────── weights of the target networks ─────┴────────────────────────────┘

They call the functions of the loop in one process. What an actor does depends on what it is asked and on the
weights that it is given. So Ray starts one that dies anew and asks it again, and nothing is different; nor
does it matter how many there are. An episode is reported once the replay has it on disk.

The paper's parts run freely. Here a round's episodes are waited for before it is learnt from, and targets are
as old as `Actors` says: that makes a training repeatable, and exact to resume.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import lightning_fabric
import numpy as np
from torch import Tensor

from crossgap.errors import CrossgapError
from crossgap.rl.collection import World, stream
from crossgap.rl.labelling import LabellingLearner
from crossgap.rl.learner import Loop
from crossgap.rl.off_policy import OffPolicy, add, explored, sampled
from crossgap.rl.replay import Replay, Transitions, write_episodes
from crossgap.simulation.base.ray_workers import connected_ray

Result = TypeVar("Result")
RESTARTS = 10
"""How often an actor that died is started anew."""
PARTS = 1_000
"""More than a round has parts: their streams of random numbers begin there."""


@dataclass(frozen=True)
class Actors:
    """Who does the work; the last three change results, the first two do not."""

    collectors: int = 2
    """Actors that play."""
    updaters: int = 2
    """Actors that label transitions."""
    episodes: int = 10
    """Of a report; a collector's death costs as many at most."""
    ahead: int = 8
    """Batches that are labelled ahead of the update that they are for."""
    refresh: int = 4
    """Updates between two times that the target networks' weights are handed out."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: there are none of a kind."""
        for name in ("collectors", "updaters", "episodes", "ahead", "refresh"):
            if (value := getattr(self, name)) < 1:
                raise CrossgapError(f"Expected at least 1 of 'actors.{name}'; got {value}.")


class Collector:
    """Plays in environments of its own process."""

    def __init__(self, world: World, learner: LabellingLearner, loop: Loop, seed: int):
        self.world, self.learner = replace(world, workers=1, engine="here"), learner
        self.loop, self.seed, self.act = loop, seed, learner.policy(world.view)
        self._pools: dict[int, Any] = {}

    def report(self, replay: Any, weights: dict[str, Tensor], number: int, part: int, parts: int) -> int:
        """Play a part of a round's episodes, and wait until the replay has them; how many there were."""
        self.learner.load_target_state(weights)
        first, last = (index * self.loop.environments // parts for index in (part, part + 1))
        if (count := last - first) not in self._pools:
            self._pools[count] = self.world.pool(count, **self.world.varied)
        rng = stream(self.seed, number, PARTS + part)
        about = self.act, self.learner, self.world, self.loop, number, count, rng
        played = explored(self._pools[count], *about)
        connected_ray().get(replay.keep.remote(number, part, parts, played))
        return count


class ReplayActor:
    """Has what was played, on disk and in memory."""

    def __init__(self, folder: Path, replay: Replay, demonstrations: Replay | None, first: int):
        self.folder, self.replay, self.demonstrations, self.held = folder, replay, demonstrations, first

    def _path(self, number: int, part: int, parts: int) -> Path:
        return self.folder / f"{number:05d}_part_{part:03d}_in_{parts:03d}.npz"

    def kept(self, number: int, parts: int) -> list[int]:
        """Which parts of a round have been reported.

        Raises:
            CrossgapError: it was begun in another number of parts.
        """
        there = {path: part for part in range(parts) if (path := self._path(number, part, parts)).exists()}
        if others := sorted({*self._reports(number)} - there.keys()):
            raise CrossgapError(
                f"{others[0]} is no part of a round in {parts}. Expected the 'actors.episodes' that the "
                "round was begun with."
            )
        return list(there.values())

    def _reports(self, number: int) -> list[Path]:
        """The files of a round, in order."""
        return sorted(self.folder.glob(f"{number:05d}_part_*.npz"))

    def keep(self, number: int, part: int, parts: int, episodes: list[Any]) -> None:
        """Take a report; the same one twice is one."""
        if part not in self.kept(number, parts):
            write_episodes(self._path(number, part, parts), episodes)

    def sample(self, number: int, own: int, count: int, rng: np.random.Generator) -> Transitions:
        """Transitions of the rounds up to that number, and of the demonstrations; see `sampled`.

        Raises:
            CrossgapError: a part of such a round is missing, as where another process has played it.
        """
        for done in range(self.held, number + 1):
            reports = self._reports(done)
            if {f"{len(reports):03d}"} != {path.stem.rpartition("_in_")[2] for path in reports}:
                raise CrossgapError(
                    f"{self.folder} lacks reports of round {done}: it has {len(reports)}. Expected all that "
                    "the training has played on Ray; one that was begun without goes on without."
                )
            self.replay.load(reports)
        self.held = max(self.held, number + 1)
        return sampled(self.replay, self.demonstrations, own, count, rng)


class BellmanUpdater:
    """Labels transitions with what their actions should be worth."""

    def __init__(self, learner: LabellingLearner):
        self.learner = learner

    def label(
        self, weights: dict[str, Tensor], batch: Transitions, update: int
    ) -> tuple[Transitions, Tensor]:
        """The batch, and its targets."""
        self.learner.load_target_state(weights)
        return batch, self.learner.label(batch, update)


class Distributed(OffPolicy):
    """A learner's training in a world, by actors of Ray; the process that runs it is the trainer.

    The folder is where the replay's actor can write, too. Arguments as of `OffPolicy`, and:

    Args:
        actors: who does the work.

    Raises:
        CrossgapError: Ray is not installed or cannot be reached; an actor died again and again.
    """

    learner: LabellingLearner

    def __init__(self, *arguments: Any, actors: Actors, **named: Any):
        super().__init__(*arguments, **named)
        self.actors = actors

    def setup(self, fabric: lightning_fabric.Fabric) -> None:
        """As every phase. Raises a CrossgapError with several devices: there is one trainer."""
        if fabric.world_size > 1:
            raise CrossgapError(f"On Ray there is one trainer; torchrun started {fabric.world_size}.")
        super().setup(fabric)

    def _load(self, rounds: int) -> None:
        """The replay's actor does."""

    def _players(self) -> AbstractContextManager[Any]:
        return self._at_work()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Holds the actors."""
        self._ray = connected_ray()
        lives = {"max_restarts": RESTARTS, "max_task_retries": RESTARTS}

        def started(kind: type, *arguments: Any) -> Any:
            return self._ray.remote(kind).options(scheduling_strategy="SPREAD", **lives).remote(*arguments)

        # held here until the end: an actor that is started anew is given the same again
        demonstrations, twin = map(self._ray.put, (self.demonstrations, self.learner.twin("cpu")))
        about = self.folder / "replay", self.replay, demonstrations, self.loop.offline
        self.replay_actor = started(ReplayActor, *about)
        work = self.world, twin, self.loop, self.seed
        self.collectors = [started(Collector, *work) for _ in range(self.actors.collectors)]
        self.updaters = [started(BellmanUpdater, twin) for _ in range(self.actors.updaters)]
        try:
            yield
        finally:
            for actor in (self.replay_actor, *self.collectors, *self.updaters):
                self._ray.kill(actor)

    def _play(self, number: int, rng: np.random.Generator) -> None:
        parts = -(-self.loop.environments // self.actors.episodes)
        kept = self._answered(self.replay_actor.kept.remote(number, parts))
        waiting = deque(part for part in range(parts) if part not in kept)
        weights, playing = self._weights(), {}
        idle = deque(self.collectors)
        while waiting or playing:
            while waiting and idle:
                collector, part = idle.popleft(), waiting.popleft()
                asked = collector.report.remote(self.replay_actor, weights, number, part, parts)
                playing[asked] = collector
            (done, *_), _ = self._ray.wait(list(playing))
            self._answered(done)
            idle.append(playing.pop(done))

    def _learn(self, number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        streams, (own, count) = rng.spawn(self.loop.updates), self._sizes(number)
        sums: dict[str, Tensor] = {}
        asked: deque[Any] = deque()

        def ask(update: int) -> Any:
            batch = self.replay_actor.sample.remote(number, own, count, streams[update])
            updater = self.updaters[update % len(self.updaters)]
            return updater.label.remote(weights, batch, number * self.loop.updates + update)

        for update in range(self.loop.updates):
            if update % self.actors.refresh == 0:
                weights = self._weights()
            while len(asked) < min(self.actors.ahead, self.loop.updates - update):
                asked.append(ask(update + len(asked)))
            add(sums, self.learner.fit(*self._answered(asked.popleft())))
        return {name: total.double() / self.loop.updates for name, total in sums.items()}

    def _weights(self) -> Any:
        """The target networks' weights, where every actor can take them."""
        return self._ray.put(self.learner.target_state())

    def _answered(self, asked: Any) -> Any:
        return answered(self._ray, asked)


def answered(ray: Any, asked: Any) -> Any:
    """What an actor or a task gave.

    Raises:
        CrossgapError: it failed, could not begin, or died as often as it was started.
    """
    try:
        return ray.get(asked)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, CrossgapError):
            raise CrossgapError(str(error.cause)) from error
        raise CrossgapError(f"An actor of Ray failed: {error.cause!r}.") from error
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if getattr(error, "actor_init_failed", False):
            raise CrossgapError(f"An actor of Ray could not begin: {lines[-1].strip()}") from error
        raise CrossgapError(f"An actor of Ray died, again and again: {lines[0]}") from error


def trained_on_ray(train: Callable[[], Result]) -> Result:
    """What a training gives that runs in a process of Ray, on a machine that has room for it.

    If the process dies, the training is started anew, and goes on where it was.

    Args:
        train: makes all that it needs itself.
    """
    ray = connected_ray()
    return answered(ray, ray.remote(max_retries=RESTARTS)(train).remote())
