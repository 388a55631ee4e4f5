"""What suits a user's data: classes or numbers, which methods, and of what size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crossgap.commands.options import PresetName
from crossgap.errors import CrossgapError, find
from crossgap.experiments.taskgan.presets import tiny
from crossgap.methods.co_trained import CoTrainingConfig
from crossgap.methods.config import OWN_DATA, DANNConfig, TaskGANConfig, for_classes
from crossgap.methods.cycle_taskgan import CycleConfig
from crossgap.methods.own_task import OwnTask
from crossgap.methods.registry import METHODS, resolve

MANY = 200
"""Labelled target images from which on they are many: with 80 TaskGAN is ahead where the source supervises
it, too, with 800 it needs that no more (docs/experiments/budget.md); where between was not measured."""
MOST_CLASSES = 50
"""Whole numbers that go further than this are taken for numbers."""
RIVAL = "fine_tuned"
"""What everything is held against."""
UNLABELLED = ("source_only", "augmented")
"""Without a translator and without target labels."""
BASELINES = ("source_only", "augmented", "fine_tuned", "augmented_fine_tuned", "co_trained",
             "optimal_transport")  # fmt: skip
"""The same with target labels."""


@dataclass(frozen=True)
class Kind:
    """Whether the task is classification."""

    classes: int | None
    """How many classes; None where labels are numbers."""
    why: str
    """In a sentence, and how to say otherwise."""


def kind_of_labels(names: tuple[str, ...], labels: np.ndarray, classes: int | None) -> Kind:
    """Classes or numbers, from the labels.

    Args:
        names: the k label columns.
        labels: (n, k), the source's, and the target's where it has such.
        classes: what the user says: how many; 0 for numbers, None to look.
    """
    if classes is not None:
        return Kind(
            classes or None,
            f"Labels are {f'{classes} classes' if classes else 'numbers'}, as --classes says.",
        )
    wanted, count = ", ".join(names), _classes_in(labels)
    if count is None:
        return Kind(None, f"Regression: {wanted}. (--classes 10, say, if these are classes.)")
    about = f"{names[0]} is a whole number from 0 to {count - 1}, each of them there several times"
    return Kind(count, f"Classification: {about}. (--classes 0 if it is a number.)")


def _classes_in(labels: np.ndarray) -> int | None:
    """How many classes a single column may be of: whole numbers from 0 on, nearly all of them there, and on
    average four times at least."""
    if labels.shape[1] != 1 or not len(labels):
        return None
    values = np.unique(labels)
    whole = (values == np.floor(values)).all() and values[0] >= 0
    count = int(values[-1]) + 1 if whole else 0
    if not 2 <= count <= MOST_CLASSES or len(values) < 0.8 * count or len(labels) < 4 * len(values):
        return None
    return count


def suited(labelled: int, unlabelled: bool = False, randomized: bool = False) -> tuple[tuple[str, ...], str]:
    """The methods for such data, and why, in a sentence.

    Args:
        labelled: how many labelled target images there are to train with.
        unlabelled: whether there are further target images without labels.
        randomized: whether there are source images in random looks.
    """
    more = ("randomized_per_frame", "randomized_fine_tuned") if randomized else ()
    if not labelled:
        names = (*UNLABELLED, *more[:1], "source_supervised_gan", "cycle_taskgan_unlabelled_refined")
        return names, "No target image has a label: methods that need none."
    if labelled >= MANY and not unlabelled:
        why, form = f"{labelled:,} labelled target images are many", "taskgan_inverse_refined"
    else:
        form = f"source_supervised_taskgan{'_unlabelled' * unlabelled}_refined"
        beside = "; others without labels join the GAN" if unlabelled else ""
        few = "few: TaskGAN is supervised on the source, too" if labelled < MANY else "many"
        why = f"{labelled:,} labelled target images are {few}{beside}"
    return (*BASELINES, *more, form), f"{why}."


def possible(names: tuple[str, ...], task: OwnTask | None) -> tuple[str, ...]:
    """Those that can do with a task model of the user's own; where it is frozen, forms that refine it without
    that."""
    if task is None:
        return names
    if task.frozen:
        names = tuple(
            resolve(name, refine=False) if getattr(METHODS[name].switches, "refine", False) else name
            for name in names
        )
    return tuple(name for name in names if _can(name, task))


def _can(name: str, task: OwnTask) -> bool:
    try:
        task.check_method(name, METHODS[name].settings, METHODS[name].layers)
    except CrossgapError:
        return False
    return True


def with_steps_between(names: tuple[str, ...]) -> tuple[str, ...]:
    """The methods, in the order of tables; and of what is refined the form before, which is trained anyway
    and may be the better one.

    Raises:
        CrossgapError: there is none of that name, or one gives no policy for the target.
    """
    found = set()
    for name in map(resolve, names):
        if not METHODS[name].policy:
            raise CrossgapError(f"'{name}' gives no model for target images. `crossgap methods` lists all.")
        found.add(name)
        if getattr(METHODS[name].switches, "refine", False):
            found.add(resolve(name, refine=False))
    return tuple(name for name in METHODS if name in found)


def with_rival(names: tuple[str, ...], labelled: bool, task: OwnTask | None) -> tuple[str, ...]:
    """The methods, and `RIVAL` where target images are labelled, unless the task model is frozen: nothing is
    recommended that was not held against it."""
    rivals = possible((RIVAL,), task) if labelled else ()
    return tuple(name for name in METHODS if name in {*names, *rivals})


def preset_config(preset: PresetName, classes: bool) -> TaskGANConfig:
    """Sizes, steps and rates: `smoke` shows that all works; `quick` is what `crossgap train` does by default;
    `full` trains translators twice as long.

    Raises:
        CrossgapError: there is none of that name.
    """
    quick = for_classes(OWN_DATA) if classes else OWN_DATA
    if preset == "full":
        longer, cycle = quick.translator, quick.cycle
        return replace(quick, translator=replace(longer, steps=2 * longer.steps),
                       cycle=replace(cycle, steps=2 * cycle.steps))  # fmt: skip
    tiniest = tiny(12, 6)
    networks = replace(tiniest.networks, task_norm=quick.networks.task_norm)
    smoke = replace(
        tiniest, networks=networks, cycle=CycleConfig(4, 2), dann=DANNConfig(6, 8), translated_images=16,
        augmentation=quick.augmentation, geometry=quick.geometry,
        own={"co_trained": CoTrainingConfig(ratios=(0.25, 0.5))},
    )  # fmt: skip
    return find("Preset", preset, {"smoke": smoke, "quick": quick})
