"""What would be refused in data sets, and what looks wrong: each a sentence that says how to mend it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossgap.data.images import CONSTANT
from crossgap.data.prepared import LARGE, remedy
from crossgap.data.sizes import misfit, shown
from crossgap.data.survey import (
    Survey,
    alike_between,
    alike_in_other_episodes,
    copies_between,
    copies_within,
)

FEW = 10
"""Target images below which nothing that is learnt can be relied on."""
FACTORS = {
    180 / np.pi: "degrees against radians", 1000.0: "millimetres against metres",
    100.0: "centimetres against metres",
}  # fmt: skip
"""What units of two sets may be, where one spreads so many times as wide as the other."""
CLOSE = 0.25
"""By which share a factor may be off."""
DARK, LIGHT, FLAT = 12.0, 48.0, 3.0
"""Levels of mean brightness below which an image is dark; of its brightest hundredth from which on it shows
something all the same, such as strokes on black; and of contrast below which it shows nothing."""
LISTED = 3


class Finding(NamedTuple):
    """One thing about data sets."""

    refused: bool
    """Whether a training would refuse it; else it only looks wrong."""
    text: str


def alone(one: Survey, name: str, labelled: bool) -> list[Finding]:
    """What is to be said of one set, of the source or the target.

    Args:
        one: the set.
        name: what it is called, `source` or `target`.
        labelled: whether it needs labels.
    """
    found = [*_files(one, name), *_sizes(one, name), *_labels(one, name, labelled)]
    if count := copies_within(one):
        found.append(Finding(False, f"{name}: {count:,} images are there twice, pixel by pixel."))
    if len(set(one.index.episodes)) > 1 and (count := alike_in_other_episodes(one)):
        found.append(Finding(False, (
            f"{name}: {count:,} of {len(one.rows):,} images compared look like one of another episode. "
            "Held-out episodes would not be new: give all of one recording the same number in the column "
            "episode."
        )))  # fmt: skip
    dark = (one.colours.mean(1) < DARK) & (one.brightest < LIGHT)
    if count := int(dark.sum()):
        found.append(
            Finding(False, f"{name}: {count:,} images are nearly black. 16 bits as 8, or a lens covered?")
        )
    elif count := int((one.contrast < FLAT).sum()):
        found.append(Finding(False, f"{name}: {count:,} images are of nearly one colour. A lens covered?"))
    return found


def _files(one: Survey, name: str) -> list[Finding]:
    if not one.damaged:
        return []
    several = dict.fromkeys(one.damaged.values())
    more = f" And {len(several) - LISTED:,} more." if len(several) > LISTED else ""
    return [Finding(True, (
        f"{name}: {len(one.damaged):,} of {len(one):,} images cannot be read; --skip-bad leaves them out. "
        f"{' '.join(list(several)[:LISTED])}{more}"
    ))]  # fmt: skip


def _sizes(one: Survey, name: str) -> list[Finding]:
    if not one.sizes:
        return [Finding(True, f"{name}: no image can be read.")]
    found, (size, _) = [], one.sizes.most_common(1)[0]
    if len(one.sizes) > 1:
        listed = ", ".join(f"{shown(each)} ({n:,})" for each, n in one.sizes.most_common(LISTED))
        found.append(Finding(True, f"{name}: images of {len(one.sizes)} sizes: {listed}. {remedy(size)}"))
    elif problem := misfit(size):
        found.append(Finding(True, f"{name}: {problem} {remedy(size)}"))
    elif size[0] != size[1] and size[0] * size[1] > LARGE:
        found.append(Finding(True, f"{name}: {shown(size)} pixels are many to learn from. {remedy(size)}"))
    if one.deep:
        found.append(Finding(True, (
            f"{name}: {one.deep:,} images have more than 8 bits, or are of depth. --size and --{name}-range "
            "LOW,HIGH say which values are black and white."
        )))  # fmt: skip
    return found


def _labels(one: Survey, name: str, labelled: bool) -> list[Finding]:
    index = one.index
    if not index.label_names:
        return (
            [Finding(True, f"{name}: no labels. Expected a table of them, such as labels.csv.")]
            if labelled
            else []
        )
    found = []
    for column, label in enumerate(index.label_names):
        values = index.labels[:, column]
        if name == "source" and values.std(dtype=np.float64) <= CONSTANT * np.abs(values).max():
            found.append(Finding(True, (
                f"{name}: label '{label}' is {values[0]:g} everywhere. --labels leaves it out."
            )))  # fmt: skip
    return found


def together(source: Survey, target: Survey) -> list[Finding]:
    """What is to be said of a source and a target beside each other."""
    found = []
    if len(target) < FEW:
        found.append(Finding(False, (
            f"target: {len(target)} images are few: nothing can be held out for a test. Take {FEW} or "
            "more, in several episodes."
        )))  # fmt: skip
    if len(target) > len(source):
        found.append(
            Finding(False, f"{len(target):,} target images and {len(source):,} source images: swapped?")
        )
    if one_size(source) and one_size(target) and set(source.sizes) != set(target.sizes):
        sizes = " and ".join(shown(next(iter(each.sizes))) for each in (source, target))
        found.append(
            Finding(True, f"Source and target are of different sizes, {sizes}. --size 64 brings both to one.")
        )
    if count := copies_between(source, target):
        whole = count == len(target.digests)
        found.append(Finding(whole and len(source) == len(target), (
            f"{count:,} of the {len(target):,} target images are in the source, pixel by pixel."
        )))  # fmt: skip
    elif count := alike_between(source, target):
        found.append(Finding(False, (
            f"{count:,} of {len(target.rows):,} target images compared look like one of the source: no gap "
            "to cross there, or the same recording."
        )))  # fmt: skip
    return found + _both_labels(source, target)


def one_size(one: Survey) -> bool:
    """Whether all images of a set have one size."""
    return len(one.sizes) == 1


def _both_labels(source: Survey, target: Survey) -> list[Finding]:
    x, y = source.index, target.index
    if not y.label_names or not x.label_names:
        return []
    if set(x.label_names) != set(y.label_names):
        return [Finding(True, (
            f"Source labels are {', '.join(x.label_names)}, target labels {', '.join(y.label_names)}. "
            "--labels chooses those that both have, or give the columns the same names."
        ))]  # fmt: skip
    found = []
    for column, name in enumerate(x.label_names):
        ours, theirs = x.labels[:, column], y.labels[:, y.label_names.index(name)]
        outside = int(((theirs < ours.min()) | (theirs > ours.max())).sum())
        units = units_apart(ours, theirs)
        if units:
            found.append(
                Finding(False, f"label {name}: {units} (target {_range(theirs)}, source {_range(ours)}).")
            )
        elif outside:
            found.append(Finding(False, (
                f"label {name}: {outside:,} of {len(theirs):,} target images are outside of the source's "
                f"range, {_range(ours)}; theirs is {_range(theirs)}. Nothing simulated shows them: "
                "collect there."
            )))  # fmt: skip
    return found


def units_apart(source: np.ndarray, target: np.ndarray) -> str:
    """Which units two sets of a label may have, where one spreads about a known factor wider; else empty."""
    one, other = source.std(dtype=np.float64), target.std(dtype=np.float64)
    if min(one, other) <= 0:
        return ""
    ratio, wider = max(one / other, other / one), "source" if one > other else "target"
    words = next((words for factor, words in FACTORS.items() if abs(ratio / factor - 1) < CLOSE), "")
    return f"the {wider}'s spreads {ratio:.3g} times as wide: {words}?" if words else ""


def _range(values: np.ndarray) -> str:
    return f"{values.min():.3g} to {values.max():.3g}"
