"""Fine-tuning on real grasps of a policy's own: how many does each need after RL-CycleGAN, CycleGAN and RCAN?

In every round the policy grasps in real bins with some exploration, and its Q learns on from all its real
grasps so far, beside simulated ones as it knows them. With both CycleGANs it has the script's real grasps,
too; RCAN has seen nothing real before, and sees all of it through its translator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor

from crossgap.core.runs import timed
from crossgap.core.weights import tensors_digest
from crossgap.evaluation import share_won
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.rl_cyclegan.bins import EPISODE, EYES, bins, played, recorded
from crossgap.experiments.rl_cyclegan.methods import cyclegan, q_real, rcan_generator, rl_cyclegan
from crossgap.experiments.rl_cyclegan.trial import OnceTrial
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.rl.collection import Act
from crossgap.rl.replay import Episode

ROUNDS, GRASPS = 4, 200
"""Rounds, and real grasps in each at most."""
NOISE, RANDOM = 0.05, 0.05
"""Exploration: standard deviation on actions in [-1, 1], and the share of random ones."""
ON_POLICY = 2_000_000
"""The first stream of their bins."""


@dataclass(frozen=True)
class Start:
    """What is fine-tuned."""

    learner: QTOpt
    """Its Q."""
    simulated: Sequence[Episode]
    """Simulated grasps, as Q sees them."""
    real: Sequence[Episode]
    """Real grasps that it knows already."""
    seen: Callable[[np.ndarray], np.ndarray]
    """What Q sees of real images (n, H, W, 3) uint8."""
    eyes: Mapping[str, Tensor] = field(default_factory=dict)
    """The weights of what sees so."""


def _after_rl_cyclegan(trial: OnceTrial) -> Start:
    drawn = trial.drawn(rl_cyclegan(trial).networks["forward"], trial.source)
    return Start(q_real(rl_cyclegan(trial)), drawn, trial.real, lambda frames: frames)


def _after_cyclegan(trial: OnceTrial) -> Start:
    drawn = trial.drawn(cyclegan(trial).networks["forward"], trial.source)
    return Start(trial.learnt("on_cyclegan", drawn), drawn, trial.real, lambda frames: frames)


def _after_rcan(trial: OnceTrial) -> Start:
    generator = rcan_generator(trial)
    drawn = trial.drawn(generator, trial.randomized)
    return Start(
        trial.learnt("on_rcan", drawn), drawn, (), lambda frames: trial.translated(generator, frames),
        generator.state_dict(),
    )  # fmt: skip


STARTS = {"rl_cyclegan": _after_rl_cyclegan, "cyclegan": _after_cyclegan, "rcan": _after_rcan}
"""By method."""


def on_policy_rows(trial: OnceTrial) -> Rows:
    """Success over the number of the policy's own real grasps, `grasped`, of each of `STARTS`."""
    rows: Rows = []
    for name, make in STARTS.items():

        def tune(name: str = name, make: Callable[[OnceTrial], Start] = make) -> list[list[dict[str, Any]]]:
            with timed(trial.root, f"fine-tune {name}"):
                return _tuned(trial, name, make(trial))

        settings = {"each": _each(trial), "rounds": ROUNDS, "noise": NOISE, "random": RANDOM}
        tuned = trial.evaluated(f"on_policy_{name}", tune, [[EPISODE]], **settings)
        for number, episodes in enumerate(tuned):
            found = {"success": share_won([one["success"] for one in episodes])}
            about = {"domain": f"{trial.domain}/on_policy", "method": name, "seed": trial.seed}
            rows += rows_of(found, **about, grasped=number * _each(trial))
    return rows


def _each(trial: OnceTrial) -> int:
    """Real grasps of a round, no more than the script's."""
    return min(GRASPS, trial.preset.real)


def _tuned(trial: OnceTrial, name: str, start: Start) -> list[list[dict[str, Any]]]:
    """How test grasps ended before the first round, and after each."""
    gap, learner, real = trial.gap, start.learner, list(start.real)
    train, test = (
        bins(gap.look, gap.setup, gap.objects),
        bins(gap.look, gap.tests[0], gap.objects, unseen=True),
    )

    def act(learner: QTOpt) -> Act:
        return lambda shown: learner.act(start.seen(EYES.frames(shown)), EYES.states(shown))

    results = [played(test, act(learner), trial.preset.grasps)]
    for number in range(ROUNDS):

        def explores(rng: np.random.Generator, learner: QTOpt = learner) -> Act:
            return learner.exploring(act(learner), NOISE, RANDOM, rng)

        folder = trial.folder / "grasps" / f"{name}_{number}"
        seed = ON_POLICY + 100 * trial.seed + number
        weights = tensors_digest({**start.eyes, **learner.target_state()})
        own = recorded(folder, train, explores, _each(trial), seed, trial.quiet, weights)
        seen = start.seen(np.stack([one.frames[0] for one in own]))
        real += [replace(one, frames=np.stack([image, image])) for one, image in zip(own, seen, strict=True)]
        learner = trial.learnt(f"on_policy_{name}_{number}", start.simulated, real, start=learner)
        results.append(played(test, act(learner), trial.preset.grasps))
    return results
