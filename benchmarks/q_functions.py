"""How long QT-Opt's updates and searches take with either critic: processor time of one thread, on a CPU.

OMP_NUM_THREADS=1 python benchmarks/q_functions.py
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from crossgap.methods.qt_opt.config import QTOptConfig
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.networks import AddedActionQ, ProjectedQ
from crossgap.rl.cross_entropy import ActionForm
from crossgap.rl.replay import Transitions

SIZE, BATCH, NUMBERS, FORM = 64, 64, 7, ActionForm(3, 1, 2)
ABOVE = (2, 0, 0, 0, 0, -2, 0, 0, 0, 0, -1, 2)
REPEATS = 10


def milliseconds(work: Callable[[], object]) -> float:
    """The median of several times, after one that does not count."""
    taken = []
    for _ in range(1 + REPEATS):
        begun = time.thread_time()
        work()
        taken.append(1000 * (time.thread_time() - begun))
    return float(np.median(taken[1:]))


def transitions(count: int) -> Transitions:
    """Random ones, a quarter of which end an episode."""
    rng = np.random.default_rng(0)
    frames = rng.integers(256, size=(2, count, SIZE, SIZE, 3), dtype=np.uint8)
    numbers = rng.uniform(-0.1, 0.1, (2, count, NUMBERS)).astype(np.float32)
    actions = rng.uniform(-1, 1, (count, FORM.size)).astype(np.float32)
    earned = rng.integers(2, size=count).astype(np.float32)
    ended = np.arange(count) % 4 == 0
    both = frames[0], frames[1], numbers[0], numbers[1]
    return Transitions(*both, actions, numbers[0, :, :0], earned, ended, earned)


def main() -> None:
    """A line for each critic."""
    torch.set_num_threads(1)
    batch, one = transitions(BATCH), transitions(1)
    critics = {
        "added": AddedActionQ(NUMBERS, FORM.size, SIZE),
        "projected": ProjectedQ(
            NUMBERS, 2, ABOVE, (0.08, 0.08, 0.15), (-0.1, -0.1, 0), (0.1, 0.1, 0.17), 0.01
        ),
    }
    print("| critic | weights | fit, ms | label, ms | search of one image, ms |\n|---|---|---|---|---|")
    for name, critic in critics.items():
        learner = QTOpt(critic, FORM, QTOptConfig(monte_carlo_updates=0))
        wanted = learner.label(batch, 0)
        times = [
            milliseconds(lambda: learner.fit(batch, wanted)),  # noqa: B023 (called at once)
            milliseconds(lambda: learner.label(batch, 0)),  # noqa: B023
            milliseconds(lambda: learner.act(one.frames, one.states)),  # noqa: B023
        ]
        weights = sum(weight.numel() for weight in critic.parameters())
        print(f"| {name} | {weights:,} | " + " | ".join(f"{each:.1f}" for each in times) + " |")


if __name__ == "__main__":
    main()
