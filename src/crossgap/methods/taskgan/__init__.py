"""TaskGAN: the inverse mapping, and the forward mapping."""

from dataclasses import dataclass
from typing import Any, Literal

from crossgap.methods.registry import Labels, Method, enter, recommend

RECIPES = "crossgap.methods.taskgan.recipes"


@dataclass(frozen=True)
class TwoColumnsConfig:
    """The training of the two-column task model on pairs."""

    steps: int = 15_000
    """Steps of Adam."""
    batch: int = 16
    """Images per step, of each data set that it trains on."""
    learning_rate: float = 1e-3
    """Of Adam; constant, then linear to zero over the second half."""
    feature_weight: float = 1.0
    """Weight of the squared distance between the feature layers."""


@dataclass(frozen=True)
class Inverse:
    """TaskGAN's inverse mapping: f_X behind a translator F: Y → X that was trained through it."""

    supervise: Labels = frozenset({"target"})
    """Labels that F must keep, of target images, source images, or both; with none it is a plain GAN."""
    task_loss_only: bool = False
    """No adversary: F is trained by the task loss alone."""
    unlabelled: bool = False
    """Further target images without labels, which join the adversarial terms."""
    refine: bool = False
    """Refine f_X on what F makes of the target images."""


@dataclass(frozen=True)
class Forward:
    """TaskGAN's forward mapping: a translator G: X → Y, or f_Y, the target's column beside f_X's."""

    supervise: frozenset[Literal["source"]] = frozenset({"source"})
    """Labels that G must keep; with none it is a plain GAN."""
    refine_on: frozenset[Literal["paired", "translated"]] = frozenset()
    """Instead of G give f_Y, trained on the true pairs, on what G makes of source images, or on both."""


def _inverse(name: str, about: str, rank: float, *supervise: Any, **switches: bool) -> None:
    said = Inverse(frozenset(supervise), **switches)
    enter(name, Method(
        about, f"{RECIPES}:inverse", family="taskgan", switches=said, target_labels="target" in supervise,
        settings=("source", "translator", "augmentation", *(["refinement"] if said.refine else [])),
        needs="unlabelled" if said.unlabelled else "",
    ), rank)  # fmt: skip


def _with_refined(name: str, about: str, rank: float, *supervise: Any, **switches: bool) -> None:
    bold = "**" if not switches else ""
    _inverse(name, about, rank, *supervise, **switches)
    about = about.removesuffix(", before refinement")
    _inverse(f"{name}_refined", f"{bold}{about}, refined{bold}", rank, *supervise, **switches, refine=True)


ALSO, FURTHER = ", also supervised on the source", " with unlabelled target images in the GAN"
_inverse("plain_gan", "plain GAN (λ = 0)", 20)
_with_refined("task_loss_only", "translator by task loss alone", 21, "target", task_loss_only=True)
_with_refined("taskgan_inverse", "TaskGAN inverse, before refinement", 22, "target")
_with_refined("source_supervised_taskgan", f"TaskGAN inverse{ALSO}", 23, "source", "target")
_with_refined("source_supervised_task_loss_only", f"translator by task loss alone{ALSO}", 23.5,
              "source", "target", task_loss_only=True)  # fmt: skip
_with_refined("taskgan_inverse_unlabelled", f"TaskGAN inverse{FURTHER}", 24, "target", unlabelled=True)
_with_refined("source_supervised_taskgan_unlabelled", f"TaskGAN inverse{ALSO},{FURTHER}", 25,
              "source", "target", unlabelled=True)  # fmt: skip
_inverse("source_supervised_gan", "inverse GAN supervised on the source, no target labels", 39, "source")


def _forward(name: str, about: str, rank: float, *refine_on: Any, supervise: bool = True) -> None:
    said = Forward(frozenset({"source"} if supervise else ()), frozenset(refine_on))
    uses = {"two_columns": supervise, "augmentation": supervise, "translator": refine_on != ("paired",),
            "translated_images": "translated" in refine_on}  # fmt: skip
    enter(name, Method(
        about, f"{RECIPES}:forward", family="taskgan_forward", switches=said, target_labels=supervise,
        settings=("source", *(part for part, used in uses.items() if used)), layers=supervise,
        needs="pairs" if supervise else "", translates_source=not refine_on,
    ), rank)  # fmt: skip


_forward("source_paired", "Source + Paired (two columns)", 30, "paired")
_forward("plain_gan_forward", "plain GAN forward (λ = 0): the translator G", 31, supervise=False)
_forward("taskgan_forward", "TaskGAN forward: the translator G", 32)
_forward("source_translated", "TaskGAN forward: Source + Translated", 33, "translated")
_forward("source_paired_translated", "TaskGAN forward: Source + Paired + Translated", 34,
         "paired", "translated")  # fmt: skip
recommend(
    "source_supervised_taskgan_refined",
    "You have labelled target images, and the scene itself looks different: textures, shapes, light, camera.",
)
