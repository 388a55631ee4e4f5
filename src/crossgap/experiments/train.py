"""`crossgap train`: a method on a user's own two data sets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from crossgap.catalog import METHODS, Methods
from crossgap.config import TaskGANConfig
from crossgap.data import LabelledImages, read_folder, read_unlabelled
from crossgap.data.images import digest
from crossgap.errors import CrossgapError, unknown
from crossgap.progress import track
from crossgap.runs import check_seed, lock_run, open_run
from crossgap.training import Trainer, hardware, make_fabric


def train_on_folders(
    method: str, source: Path, target: Path, output: Path, seed: int, labels: tuple[str, ...] | None,
    target_labels: str, pairs: Path | None, device: str, precision: str, config: TaskGANConfig,
) -> Path:  # fmt: skip
    """Train a method, and what it builds on, in the run folder `output`; the adapted model's folder.

    Several methods may be trained in one run folder; what they share is trained once.

    Raises:
        CrossgapError: an unknown method, bad data, or `output` holds another run.
    """
    available = [name for name, about in METHODS.items() if about.needs in ("", "pairs")]
    if method not in available:
        raise unknown("Method", method, available)
    fabric = make_fabric(device, precision)
    data = [read_folder(source, labels, track)]
    data.append(
        read_unlabelled(target, track) if target_labels == "none" else read_folder(target, labels, track)
    )
    if pairs is not None:
        data.append(_read_pairs(pairs, labels, data[1]))
    settings = {
        "experiment": "train", "source": str(source.resolve()), "target": str(target.resolve()),
        "pairs": pairs and str(pairs.resolve()), "digests": [digest(images) for images in data],
        "labels": list(data[0].label_names),
        "seed": check_seed(seed), **hardware(fabric), "config": asdict(config),
    }  # fmt: skip
    extra = {"pairs": lambda: data[2]} if pairs else {}
    methods = Methods(data[0], data[1], config, Trainer(output, fabric, seed), extra=extra)
    methods.check(method)  # all that can be wrong, before a run folder is there
    if fabric.is_global_zero:
        lock_run(open_run(output, settings))
    fabric.barrier()
    methods.get(method)
    return output / "models" / method


def _read_pairs(folder: Path, labels: tuple[str, ...] | None, target: LabelledImages) -> LabelledImages:
    pairs = read_folder(folder, labels, track)
    if len(pairs) != len(target):
        raise CrossgapError(
            f"{folder} has {len(pairs)} images, the target {len(target)}. Expected one pair per target image."
        )
    return pairs
