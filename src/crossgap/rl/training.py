"""What every training of a policy does: it goes on where it was, and keeps a learning curve."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.base.files import read_json_lines, remove, write_text
from crossgap.core.fabric import in_float32
from crossgap.core.runs import same_setup
from crossgap.core.trainer import Trainer
from crossgap.core.weights import done_in
from crossgap.rl.collection import World
from crossgap.rl.learner import Learner, Loop
from crossgap.rl.off_policy import OffPolicy

CURVE = "curve.jsonl"


class Training(ABC):
    """One policy; goes on where it was. Subclasses fill the attributes.

    Args:
        folder: of this training.
        setup: the configuration, a dataclass.
        seed: of everything random.
        fabric: where it learns; reinforcement learning in float32 whatever its precision.
        quiet: no progress bar.
    """

    learner: Learner
    world: World
    loop: Loop
    label: str
    place: str | None = None
    """Of the progress bar, and where checkpoints are, as of `Phase`."""
    point: dict[Any, Any]
    """Of the learning curve, its shape as in `records.mismatch`; has `environment_steps`."""
    off_policy: Callable[..., OffPolicy] = OffPolicy
    """The loop: in this process, or one like it."""

    def __init__(
        self, folder: Path, setup: Any, seed: int, fabric: lightning_fabric.Fabric, quiet: bool = False
    ):  # fmt: skip
        self.folder, self.setup, self.seed, self.fabric, self.quiet = folder, setup, seed, fabric, quiet

    @abstractmethod
    def prepared(self, done: int) -> dict[str, Any]:
        """Get ready to go on after `done` rounds; more arguments of `OffPolicy`."""

    @abstractmethod
    def pointed(self, rounds: int, steps: int, episodes: list[dict[str, Any]]) -> dict[str, Any]:
        """A point of the learning curve: after how many rounds and environment steps, at most where episodes
        end early, and how the episodes on the validation goals ended."""

    def run(self) -> Learner:
        """Train to the end, or go on; the learner."""
        same_setup(self.folder, self.setup)
        place = self.folder / "checkpoints" / (self.learner.name if self.place is None else self.place)
        done = done_in(place)
        over = done == self.loop.rounds
        more = {} if over else self.prepared(done)
        world, loop = self.world, self.loop
        phase = self.off_policy(self.folder, self.learner, world, loop, self.seed, self._tell, **more)
        phase.label, phase.place = self.label, self.place
        Trainer(self.folder, in_float32(self.fabric), self.seed, self.quiet or over).fit(phase)
        if self.fabric.is_global_zero and (replay := self.folder / "replay").exists():
            remove(replay)  # gigabytes, of use to a training that goes on
        return self.learner

    @property
    def curve(self) -> list[dict[str, Any]]:
        """Success on the validation goals over environment steps."""
        return read_json_lines(self.folder / CURVE, self.point, whole=True)

    def _tell(self, rounds: int, episodes: list[dict[str, Any]]) -> None:
        loop = self.loop
        steps = max(0, rounds - loop.offline) * loop.environments * loop.episode_steps
        before = loop.evaluate_first + (rounds - 1) // loop.evaluate_every if rounds else 0
        rows = [*self.curve[:before], self.pointed(rounds, steps, episodes)]
        write_text(self.folder / CURVE, "".join(f"{json.dumps(row)}\n" for row in rows))
