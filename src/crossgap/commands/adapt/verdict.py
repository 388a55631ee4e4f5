"""Which method to use, and whether a translator was worth it: told from errors on held-out images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from crossgap.base.progress import counted
from crossgap.evaluation.own_units import difference

FEW = 5
"""Held-out episodes below which a difference is told as what it is, and as no proof."""
CAREFUL = "augmented"
"""What to begin with where nothing can be measured: on photographs of a real arm it was ahead of every
translator, and it is trained on source images alone."""


class Measured(Protocol):
    """What errors are measured in."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def figures(self, means: np.ndarray) -> dict[str, Any]:
        """The mean of episodes' means, (e,), with a 95 % interval."""
        ...


@dataclass(frozen=True)
class Contestant:
    """A method's errors on held-out images."""

    name: str
    """Of the method."""
    translates: bool
    """Whether a translator is part of its model."""
    means: np.ndarray
    """(e,) the mean error of each held-out episode, the same episodes for all."""
    sees_target: bool = True
    """Whether it has learnt from target images."""

    @property
    def error(self) -> float:
        """The mean over episodes."""
        return float(self.means.mean())


@dataclass(frozen=True)
class Verdict:
    """What to use, and why."""

    recommended: str
    """The method."""
    worth: str
    """Of the best form with a translator against the best without: `yes`, `no`, `unclear`, or `unknown` where
    one of them was not trained."""
    difference: dict[str, Any] | None
    """Its error less that of the best without, over the same episodes, as `figures`."""
    close: tuple[str, ...] = ()
    """Others whose error is not clearly another one than that of the recommended one."""
    sentences: tuple[str, ...] = field(default=())
    """The same in words: what to use; whether the translator was worth it; what is within noise."""


def judge(contestants: Sequence[Contestant], measure: Measured, unit: str = "episode") -> Verdict:
    """The verdict.

    The best without a translator is used, unless a form with one has an error that is clearly lower: the 95 %
    interval of the difference on the same held-out episodes leaves out 0. So what is recommended is never
    worse there than fine-tuning, or another cheap baseline, that was trained.

    Args:
        contestants: at least one, in the order of tables; among equals what has learnt from target images
            counts as the better, then the first.
        measure: of their errors.
        unit: what the sentences call an episode.

    Raises:
        ValueError: there is none, or they are of different episodes.
    """
    if len({len(one.means) for one in contestants}) != 1:
        raise ValueError("Expected methods, all on the same episodes.")
    plain = [one for one in contestants if not one.translates]
    drawn = [one for one in contestants if one.translates]
    cheap, translator = _best(plain), _best(drawn)
    off, worth = None, "unknown"
    if cheap and translator:
        off = difference(translator.means, cheap.means)
        worth = _kind(off)
    use = translator if translator and (cheap is None or worth == "yes") else cheap
    assert use is not None, "there is one of either kind"
    others = [one for one in contestants if one is not use]
    close = tuple(one.name for one in others if _kind(difference(one.means, use.means)) == "unclear")
    found = Verdict(use.name, worth, off, close)
    return Verdict(
        use.name, worth, off, close, tuple(_sentences(found, use, cheap, translator, measure, unit))
    )


def _best(contestants: Sequence[Contestant]) -> Contestant | None:
    return min(contestants, key=lambda one: (one.error, not one.sees_target), default=None)


def _kind(off: dict[str, Any]) -> str:
    """Whether a difference of errors is clear: `yes`, lower; `no`, higher; or `unclear`."""
    if off["low"] is None or off["low"] <= 0 <= off["high"]:
        return "unclear"
    return "yes" if off["high"] < 0 else "no"


def between(figures: dict[str, Any], signed: bool = False) -> str:
    """An interval in brackets; "" where there is none."""
    if figures["low"] is None:
        return ""
    sign = "+" if signed else ""
    return f"({figures['low']:{sign}.3g} to {figures['high']:{sign}.3g})"


def _sentences(
    found: Verdict, use: Contestant, cheap: Contestant | None, translator: Contestant | None,
    measure: Measured, unit: str,
) -> list[str]:  # fmt: skip
    figures, episodes = measure.figures(use.means), counted(len(use.means), f"held-out {unit}")
    episodes = episodes.replace("stretchs", "stretches")
    said = [
        f"Use {use.name}: {measure.name} {use.error:.3g} {between(figures)}".rstrip() + f", over {episodes}."
    ]
    if cheap and translator and found.difference:
        off = found.difference
        lower = "lower" if off["value"] < 0 else "higher"
        by = f"{abs(off['value']):.3g} {lower} than" if off["value"] else "that"
        by += f" of {cheap.name}, the best without one"
        interval = f"difference {off['value']:+.3g} {between(off, signed=True)}".rstrip()
        about = f"the error of its best form, {translator.name}, is {by} ({interval})"
        said.append({
            "yes": f"The translator was worth it: {about}.",
            "no": f"The translator was not worth it: {about}.",
            "unclear": f"Whether the translator was worth it is not shown: {about}, which is within noise. "
                       "Without one there is less that can go wrong.",
        }[found.worth])  # fmt: skip
    elif translator:
        said.append("Whether the translator was worth it is unknown: no method without one was trained.")
    else:
        said.append("No translator was trained.")
    if found.close:
        said.append(f"Within noise of what is recommended: {', '.join(found.close)}.")
    if len(use.means) < FEW:
        said.append(f"{episodes}: too few to be sure of any of this; a larger --held-out keeps more.")
    return said


def blind_sentence(name: str, means: np.ndarray, blind: np.ndarray, measure: Measured) -> list[str]:
    """A sentence where the recommended method is not clearly better than one that does not look.

    Args:
        name: of the method.
        means: (e,) its errors.
        blind: (e,) those of always saying the mean label, or the most frequent class.
        measure: of both.
    """
    off = difference(means, blind)
    if _kind(off) == "yes":
        return []
    always = "always the most frequent class" if measure.name == "error rate" else "always the mean label"
    return [
        f"Even {name} is not clearly better than saying {always}, whose error is {blind.mean():.3g}: nothing "
        "was shown to work here. More labelled images of more episodes, or images of a better simulation."
    ]


def unlabelled_verdict(methods: Mapping[str, bool]) -> tuple[str, list[str]]:
    """What to use where no held-out image has a label, and what is not known, in sentences.

    Args:
        methods: whether each translates, in the order of tables.
    """
    plain = [name for name, translates in methods.items() if not translates]
    use = CAREFUL if CAREFUL in plain else (plain or list(methods))[-1]
    blame = "it has seen no target image that could mislead it" if use == CAREFUL else "it is the plainest"
    return use, [
        f"Which method is best cannot be known: no target image has a label. Begin with {use}: {blame}.",
        "Whether the translator was worth it is unknown. A translator that nobody told what the label is of "
        "may draw another pose or another digit, and agree with itself: look at F(y) in the report.",
        "Label some twenty target images, of several episodes, and run this again: then it can be told.",
    ]
