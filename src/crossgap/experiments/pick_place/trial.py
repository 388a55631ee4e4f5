"""Pick & Place, the goal that the seed "Transferring Simulated Learning to Real Robots" did not reach: from
the privileged state and from images, in the source look and in others."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import lightning_fabric

from crossgap.base.files import once
from crossgap.base.records import as_json
from crossgap.core.runs import same_setup, timed
from crossgap.core.weights import ABOUT, digest_in, newest_in
from crossgap.errors import check_known
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.goals import TEST, ending, first_goal, said
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.pick_place.presets import SETUPS, PickPlacePreset
from crossgap.experiments.pick_place.training import PickPlaceTraining
from crossgap.experiments.xarm7.rollouts import EPISODE, judged, threads_of
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG

TEACHER = "privileged"
"""The method that the ones with images begin with."""


class PickPlaceTrial(Trial):
    """Every method of one seed, on the test goals in every look. Arguments as in `Trial`.

    Raises:
        CrossgapError: a method of the preset does not exist.
    """

    def __init__(
        self, root: Path, preset: PickPlacePreset, seed: int, fabric: lightning_fabric.Fabric,
        quiet: bool = False,
    ):  # fmt: skip
        super().__init__(root, preset, "", seed, fabric, quiet)
        check_known("Method", preset.methods, SETUPS)

    def run(self, kinds: Sequence[str] = (TEST,)) -> Rows:
        """Do what is not done yet; one flat row per figure. Kinds of goals are those of `engine.goals`.

        `domain` is the look; what sees the state plays in the source alone, for the state has no look.
        `success` and `distance` (of cube and goal at the end, metres) are of the test goals;
        `validation_success` is a point of the learning curve and has `environment_steps`.

        Raises:
            CrossgapError: a method's training is one of another setup.
        """
        seeing = any(SETUPS[method].cameras for method in self.preset.methods)
        for method in {*self.preset.methods, *((TEACHER,) if seeing else ())}:  # finished ones do not ask
            same_setup(self.folder / method, SETUPS[method])
        rows = []
        for method in self.preset.methods:
            looks = self.preset.looks if SETUPS[method].cameras else ("source",)
            for kind, look in itertools.product(kinds, looks):
                found = judged(self.episodes(method, look, kind))
                rows += rows_of(found, domain=look, method=method, seed=self.seed, **said(kind))
        about = {"domain": "source", "seed": self.seed, "metric": "validation_success"}
        return rows + [
            {**about, "method": method, **point}
            for method in self.preset.methods
            for point in self._begun(method).curve
        ]

    def episodes(self, method: str, look: str, kind: str = TEST) -> list[dict[str, Any]]:
        """Every test episode of a method in a look."""

        def play() -> list[dict[str, Any]]:
            training = self.training(method)
            with timed(self.root, f"train {method}"):
                training.run()
            with timed(self.root, "evaluate"):
                played = training.evaluate(look, first_goal(kind))
            return [one | threads_of(training.curve) for one in played]

        path = self.folder / "evaluation" / f"{method}_{look}{ending(kind)}.json"
        return once(path, play, "evaluation", [EPISODE], of=lambda: self._trained(method))

    def _trained(self, method: str) -> dict[str, Any] | None:
        """What an evaluation is of: a setup, as its training may have been removed for another one, and what
        that has learnt. None of a training of before there were digests, with its evaluations."""
        newest = newest_in(self.folder / method / "checkpoints")
        digest = digest_in(newest / ABOUT, "checkpoint") if newest else None
        if newest and digest is None:
            return None
        return {"setup": as_json(asdict(SETUPS[method])), "weights": digest}

    def training(self, method: str) -> PickPlaceTraining:
        """A method's training; that of its teacher is done first."""
        if not SETUPS[method].cameras:
            return self._begun(method)
        teacher = self._begun(TEACHER)
        with timed(self.root, f"train {TEACHER}"):
            return self._begun(method, cast(AsymmetricDDPG, teacher.run()))

    def _begun(self, method: str, teacher: AsymmetricDDPG | None = None) -> PickPlaceTraining:
        return PickPlaceTraining(
            self.folder / method, self.preset, SETUPS[method], self.seed, self.fabric, self.quiet, teacher
        )
