"""How each method is shown: its name, its colour (the same everywhere), and what it is in one line."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """One method as the reader sees it."""

    method: str
    """Its name in the results."""
    name: str
    """Its name in figures."""
    phrase: str
    """Its name within a sentence."""
    about: str
    """What it is, in one line."""
    light: str
    """Colour on a light page; lower-case hex. Safe for colour-blind readers (after Okabe and Ito)."""
    dark: str
    """Colour on a dark page."""
    ours: bool = False
    """Whether it stands out."""
    css: str = ""
    """The CSS variable that holds the colour."""


_TEXTS = {
    "source_only": (
        "Source only", "the source model as it is",
        "The task model f_X, trained on {many} labelled source images and used in the target as it is.",
        "#868d99", "#a3abb8",
    ),
    "target_only": (
        "Target only (“Benchmark”)", "training on the {few} target images alone",
        "A task model trained on the {few} labelled target images alone.",
        "#4aa3dc", "#86cdf7",
    ),
    "fine_tuned": (
        "Fine-tuned", "fine-tuning on the {few} target images",
        "f_X trained on with the {few} target images, mixed with the source: the strongest cheap baseline.",
        "#0069a8", "#3f95dd",
    ),
    "taskgan_inverse": (
        "TaskGAN inverse", "the inverse TaskGAN",
        "The translator F makes a target image look like the source; f_X reads the result.",
        "#e3a008", "#f5bd41", True,
    ),
    "taskgan_inverse_refined": (
        "TaskGAN inverse, refined", "the refined inverse TaskGAN",
        "The same translator F; f_X is refined on the {few} translated target images F(y).",
        "#cf4a0a", "#ff7f45", True,
    ),
    "oracle": (
        "Oracle", "the oracle",
        "A task model trained on {many} labelled target images: what nobody has, the ceiling.",
        "#078a68", "#2cc79c",
    ),
}  # fmt: skip
_OTHERS = (
    ("#7a5aa6", "#b99ce6"), ("#a8527c", "#e594bb"), ("#6b6f1f", "#c3c765"), ("#5b4636", "#b59f8c"),
    ("#1b8c98", "#6fd3dd"),
)  # fmt: skip
"""Light and dark colours of methods without a text of their own."""


def show(methods: Iterable[str], few: str, many: str) -> dict[str, Shown]:
    """How to show each method; one without a text of its own gets its plain name.

    Args:
        methods: names, in order.
        few: number of labelled target images, as a word.
        many: number of labelled source images, as a word.
    """
    shown = {}
    for index, method in enumerate(methods):
        if method in _TEXTS:
            name, phrase, about, *rest = _TEXTS[method]
            texts = (text.format(few=few, many=many) for text in (name, phrase, about))
            shown[method] = Shown(method, *texts, *rest, css=f"--m{index}")
        else:
            name = method.replace("_", " ")
            shown[method] = Shown(method, name, name, "", *_OTHERS[index % len(_OTHERS)], css=f"--m{index}")
    return shown
