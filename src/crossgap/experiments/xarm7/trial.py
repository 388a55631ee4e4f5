"""The xArm7 experiment: every configuration of the seed's comparison in every domain, and goggles."""

import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.base.files import once
from crossgap.base.machine import threads_here
from crossgap.core.runs import same_setup, setup_differences, timed
from crossgap.deploy.policy import Policy
from crossgap.errors import find
from crossgap.evaluation import figures
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.goals import TEST, ending, first_goal, said
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.xarm7.adaptation import Adaptation, adapted_digest, policy_digest
from crossgap.experiments.xarm7.presets import XArm7Preset
from crossgap.experiments.xarm7.rollouts import EPISODE, judged, threads_of
from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS, domains_of
from crossgap.experiments.xarm7.training import ReachTraining

LEARNT = 0.8
"""Success from which on a policy counts as learnt."""


class XArm7Trial(Trial):
    """One configuration, `setup`, of one seed. Arguments as in `Trial`, and:

    Args:
        goals: which kinds are played (`engine.goals`).

    Raises:
        CrossgapError: there is no such configuration, or a domain of the preset does not exist.
    """

    def __init__(
        self, root: Path, preset: XArm7Preset, setup: str, seed: int, fabric: lightning_fabric.Fabric,
        quiet: bool = False, goals: Sequence[str] = (TEST,),
    ):  # fmt: skip
        super().__init__(root, preset, setup, seed, fabric, quiet)
        self.name, self.goals = setup, goals
        self.setup = find("Configuration", setup, SETUPS)
        self.domains = domains_of(self.setup, preset.domains)
        self.training = ReachTraining(self.folder, preset, self.setup, seed, fabric, quiet)

    def run(self) -> Rows:
        """Do what is not done yet; one flat row per figure.

        `success` and `distance` (metres, at the end) are of the test goals, and say which were `won`.
        `validation_success` is a point of the learning curve and has `environment_steps`; `steps_to_learn` is
        the first of them with a success of at least `LEARNT`, absent where there is none.
        """
        same_setup(self.folder, self.setup)  # finished evaluations are another configuration's, too
        if not (self.folder / "policy").exists():
            with timed(self.root, f"train {self.name}"):
                self.training.policy()
        adaptable = self.preset.adapted_to if self.name in self.preset.adapted else ()
        looks = [look for look in adaptable if look in self.domains]  # this policy, and what is made of it
        adapted = [(f"{self.name}_{how}", look) for look in looks for how in ("goggles", "fine_tuned")]
        return self._rows([*((self.name, domain) for domain in self.domains), *adapted])

    @property
    def evaluated(self) -> list[tuple[str, str]]:
        """The tests whose results are there, of this run or an earlier one with other domains."""
        if setup_differences(self.folder, self.setup):
            return []
        methods = self.name, f"{self.name}_goggles", f"{self.name}_fine_tuned"
        every = [(method, domain) for method in methods for domain in DOMAINS]
        return [test for test in every if self._path(*test).exists()]

    @property
    def seen_domains(self) -> list[str]:
        """Where the policy itself has been tested, in the order of `DOMAINS`."""
        return [domain for method, domain in self.evaluated if method == self.name]

    def rows(self) -> Rows:
        """What `run` returns, of all that is there."""
        return self._rows(self.evaluated)

    def episodes(self, method: str, domain: str, goals: str = TEST) -> list[dict[str, Any]]:
        """Every test episode of this policy, or of it with goggles or fine-tuned, in a domain."""

        def play() -> list[dict[str, Any]]:
            with timed(self.root, f"evaluate {method}"):
                policy = self.policy(method, domain)
                played = self.training.evaluate(policy, first_goal(goals), **DOMAINS[domain])
            own = method == self.name  # goggles and what is fine-tuned have just been trained, here
            threads = threads_of(self.training.curve) if own else {"threads": threads_here()}
            return [one | threads for one in played]

        of, shape = partial(self._trained, method, domain), [EPISODE | {"goal": [float]}]
        return once(self._path(method, domain, goals), play, "evaluation", shape, of)

    def _trained(self, method: str, domain: str) -> dict[str, str | None] | None:
        """What an evaluation is of: the digests of the weights that act."""
        policy = policy_digest(self.folder)
        if policy is None or method == self.name:
            return None if policy is None else {"policy": policy}
        how = method.removeprefix(f"{self.name}_")
        return {"policy": policy, how: adapted_digest(self.folder, DOMAINS[domain]["look"], how)}

    def _path(self, method: str, domain: str, goals: str = TEST) -> Path:
        return self.folder / "evaluation" / f"{method}_{domain}{ending(goals)}.json"

    def policy(self, method: str, domain: str) -> Policy:
        """What acts."""
        if method == self.name:
            return self.training.policy()
        adaptation = Adaptation(self.training, DOMAINS[domain]["look"])
        return adaptation.goggles() if method.endswith("_goggles") else adaptation.fine_tuned()

    def _rows(self, tests: list[tuple[str, str]]) -> Rows:
        rows = []
        for goals, (method, domain) in itertools.product(self.goals, tests):
            found = judged(self.episodes(method, domain, goals))
            rows += rows_of(found, domain=domain, method=method, seed=self.seed, **said(goals))
        return rows + curve_rows(self.name, self.seed, self.training.curve)


def curve_rows(method: str, seed: int, curve: list[dict[str, Any]]) -> Rows:
    """The learning curve as rows, and when it first reaches `LEARNT`."""
    about = {"domain": "source", "method": method, "seed": seed}
    rows = [
        {
            **about, "metric": "validation_success", "environment_steps": point["environment_steps"],
            **figures(point["success"], (point["low"], point["high"]), point["n"]), **threads_of([point]),
        }
        for point in curve
    ]  # fmt: skip
    learnt = [point["environment_steps"] for point in curve if point["success"] >= LEARNT]
    if learnt:
        steps = figures(learnt[0], (None, None), curve[0]["n"])
        rows += rows_of({"steps_to_learn": steps | threads_of(curve[:1])}, **about)
    return rows
