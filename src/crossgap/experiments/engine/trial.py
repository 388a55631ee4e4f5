"""What one seed of an experiment runs: stages, each done once and kept in its folder."""

from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.base.progress import track
from crossgap.collection import Collection
from crossgap.core.runs import made_once
from crossgap.core.trainer import Trainer
from crossgap.data import LabelledImages, read_folder
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.methods import Methods
from crossgap.simulation.collect import collect


class Trial:
    """One seed in one domain; every stage is done once and kept in its folder.

    Args:
        root: the run folder.
        preset: size of the experiment.
        domain: name of the target.
        seed: of data and training.
        fabric: device and precision.
        quiet: no progress bars.
    """

    def __init__(
        self, root: Path, preset: Any, domain: str, seed: int, fabric: lightning_fabric.Fabric,
        quiet: bool = False,
    ):  # fmt: skip
        self.root, self.preset, self.domain, self.seed = root, preset, domain, seed
        self.fabric, self.quiet = fabric, quiet
        self.source_folder = root / f"seed_{seed}" / "source"
        self.folder = root / f"seed_{seed}" / domain

    def trainer(self, folder: Path) -> Trainer:
        """What runs phases in a folder."""
        return Trainer(folder, self.fabric, self.seed, self.quiet)

    def collected(self, collection: Collection, path: Path) -> LabelledImages:
        """A data set: collected, under a time of its own, or read where it is there."""
        shown: dict[str, Any] = {} if self.quiet else {"track": track}
        made_once(path, lambda: collect(collection, path, **shown), self.root, f"collect {path.name}")
        return read_folder(collect(collection, path), **shown)  # once more: it refuses another collection

    def trained(self, methods: Methods, method: str, saved: Path, stage: str = "") -> AdaptedModel:
        """A method's model, trained under a time of its own if need be."""
        made_once(saved, lambda: methods.get(method), self.root, f"train {method}{stage}")
        return methods.get(method)
