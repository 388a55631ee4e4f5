"""Canonical TaskGAN, which also learns from randomized source images, and RCAN, from these alone."""

from dataclasses import dataclass
from typing import Any

from crossgap.methods.registry import BOTH, Labels, Method, enter

RECIPES = "crossgap.methods.canonical_taskgan.recipes"


@dataclass(frozen=True)
class RCAN:
    """RCAN: f_X behind a translator from randomized to plain source images; it sees no target image."""

    refine: bool = False
    """Refine f_X on what the translator makes of randomized images."""
    near: bool = False
    """Of these take such whose labels are near those of the target images, and these, too."""


@dataclass(frozen=True)
class Canonical:
    """Canonical TaskGAN: RCAN's translator, trained on with the target images."""

    supervise: Labels = BOTH
    """Labels that translations must keep; the source's alone need no target labels."""
    refine: bool = False
    """Refine f_X on what the translator makes of target and randomized images."""
    near: bool = False
    """Of the randomized images take such whose labels are near those of the target images."""


def _enter(name: str, about: str, switches: RCAN | Canonical, rank: float) -> None:
    rcan = isinstance(switches, RCAN)
    labelled = switches.near if rcan else "target" in switches.supervise
    settings = ("source", "canonical", "refinement", "translated_images", "augmentation")
    if not rcan:
        settings = (*settings, "translator")
    elif not switches.refine:
        settings = ("source", "canonical")
    enter(name, Method(
        about, f"{RECIPES}:rcan" if rcan else f"{RECIPES}:canonical", settings=settings, switches=switches,
        family="rcan" if rcan else "canonical_taskgan", source_side=rcan and not switches.near,
        needs="randomized_per_frame", target_labels=labelled, check=f"{RECIPES}:check_pairs",
    ), rank)  # fmt: skip


def _with_refined(name: str, about: str, kind: Any, rank: float, near: str = "", **switches: Any) -> None:
    _enter(name, about, kind(**switches), rank)
    _enter(f"{name}_refined", f"{about}, refined", kind(**switches, refine=True), rank)
    if near:
        about = f"{near}, refined near the target's labels"
        _enter(f"{name}_near", about, kind(**switches, refine=True, near=True), rank)


WITH = "canonical TaskGAN (with randomized source images)"
_with_refined("rcan", "RCAN: randomized to canonical, no target images", RCAN, 50, "RCAN")
_with_refined("canonical_taskgan", WITH, Canonical, 51, WITH)
_with_refined("canonical_taskgan_unlabelled", f"{WITH}, no target labels", Canonical, 52,
              supervise=frozenset({"source"}))  # fmt: skip
