"""Pick & Place, the goal that the seed "Transferring Simulated Learning to Real Robots" did not reach: from
the privileged state and from images, in the source look and in others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.experiments.pick_place_presets import PickPlacePreset
from crossgap.experiments.pick_place_setups import METHODS
from crossgap.experiments.pick_place_training import PickPlaceTraining
from crossgap.experiments.xarm7 import TEST_GOALS
from crossgap.files import once, read_json_lines
from crossgap.methods.asymmetric_ddpg import AsymmetricDDPG
from crossgap.runs import timed

TEACHER = "privileged"
"""The method that the ones with images begin with."""


class PickPlaceExperiment:
    """Every method of one seed, on the test goals in every look; each stage is done once and kept.

    Args:
        root: the run folder.
        preset: size of the experiment.
        seed: of training; the goals are the same for all.
        fabric: device and precision.
        quiet: no progress bars.
    """

    def __init__(
        self, root: Path, preset: PickPlacePreset, seed: int, fabric: lightning_fabric.Fabric,
        quiet: bool = False,
    ):  # fmt: skip
        self.root, self.preset, self.seed, self.fabric, self.quiet = root, preset, seed, fabric, quiet
        self.folder = root / f"seed_{seed}"

    def run(self) -> list[dict[str, Any]]:
        """Do what is not done yet; one flat row per figure.

        `domain` is the look; what sees the state plays in the source alone, for the state has no look.
        `success` has Wilson's 95 % interval; `distance`, of cube and goal at the end, is in metres.
        """
        return [
            {"domain": look, "method": method, "seed": self.seed, "metric": metric, **row}
            for method in self.preset.methods
            for look in (self.preset.looks if METHODS[method].cameras else ("source",))
            for metric, row in self._evaluate(method, look).items()
        ]

    def curves(self) -> dict[str, list[dict[str, Any]]]:
        """Success on the validation goals while learning, by method."""
        return {m: read_json_lines(self.folder / m / "curve.jsonl") for m in self.preset.methods}

    def training(self, method: str) -> PickPlaceTraining:
        """A method's training; those it begins with are done first."""
        setup = METHODS[method]
        teacher = self._learner(TEACHER) if setup.cameras else None
        return PickPlaceTraining(
            self.folder / method, self.preset, setup, self.seed, self.fabric, self.quiet, teacher
        )

    def _learner(self, method: str) -> AsymmetricDDPG:
        training = self.training(method)
        with timed(self.root, f"train {method}"):
            return training.run()

    def _evaluate(self, method: str, look: str) -> dict[str, dict[str, Any]]:
        def measure() -> dict[str, dict[str, Any]]:
            training = self.training(method)
            with timed(self.root, f"train {method}"):
                training.run()
            with timed(self.root, "evaluate"):
                found = training.evaluate(look, TEST_GOALS)
            interval = {key: found[key] for key in ("low", "high", "n")}
            return {
                "success": {"value": found["success"], **interval},
                "distance": {"value": found["distance"], "n": found["n"]},
            }

        return once(self.folder / "evaluation" / f"{method}_{look}.json", measure)
