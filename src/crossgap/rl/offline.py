"""Learning from experience that there is, and playing nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add

from torch import Tensor

from crossgap.core.trainer import Phase
from crossgap.rl.experience import Experience
from crossgap.rl.learner import Learner


class Offline(Phase):
    """A learner's updates from experience; a step is one of them.

    Args:
        name: of the phase.
        learner: what learns.
        experience: what each update takes a batch of each of.
        steps: how many updates.
    """

    def __init__(self, name: str, learner: Learner, experience: Sequence[Experience], steps: int):
        self.name, self.learner, self.experience, self.steps = name, learner, experience, steps
        self.learning_rate, self.optimizers = learner.learning_rate, learner.optimizers
        self.networks = dict(learner.networks.items())
        self.extra_state, self.load_extra_state = learner.extra_state, learner.load_extra_state

    @contextmanager
    def opened(self, done: int) -> Iterator[None]:
        """The learner's gradients are this phase's."""
        del done
        self.learner.phase = self
        yield
        self.learner.phase = None

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update from a batch of everything."""
        return self.learner.update(reduce(add, (experience(step) for experience in self.experience)))
