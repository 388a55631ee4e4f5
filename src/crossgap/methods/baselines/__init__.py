"""What the methods are compared with: without a translator, and the oracle."""

from dataclasses import dataclass

from crossgap.methods.registry import Method, enter, recommend

RECIPES = "crossgap.methods.baselines.recipes"


@dataclass(frozen=True)
class Baseline:
    """A task model alone, trained on source images."""

    augment: bool = False
    """Augmented: colour, blur, noise, JPEG, shadow, cutout."""
    randomized: bool = False
    """Source images in random looks instead: domain randomization."""
    per_frame: bool = False
    """Of these such as have a new look in every frame, not in every episode."""
    fine_tune: bool = False
    """Train on with the target images, mixed with its own so that it forgets nothing."""
    fixed_features: bool = False
    """Of what is trained on the fully connected layers alone; the convolutions stay as they are."""


def _enter(name: str, about: str, rank: float, **switches: bool) -> None:
    said = Baseline(**switches)
    settings = ("randomization", "randomized_fine_tuning") if said.randomized else ("source", "fine_tuning")
    settings = (*settings, "augmentation")
    enter(name, Method(
        about, f"{RECIPES}:baseline", family="baseline", switches=said, source_side=not said.fine_tune,
        target_labels=said.fine_tune, settings=settings if said.fine_tune else settings[:1],
        needs="" if not said.randomized else "randomized_per_frame" if said.per_frame else "randomized",
        layers=said.fixed_features,
    ), rank)  # fmt: skip


EPISODE, FRAME = "domain randomization per episode", "domain randomization per frame"
_enter("source_only", "source only", 0)
enter("target_only", Method(
    "target only (the paper's “Benchmark”)", f"{RECIPES}:target_only", settings=("target", "augmentation")
), 1)  # fmt: skip
_enter("fine_tuned", "source model fine-tuned on the target images", 2, fine_tune=True)
_enter("frozen_fine_tuned", "source model, its fully connected layers alone fine-tuned", 2.5, fine_tune=True,
       fixed_features=True)  # fmt: skip
_enter("augmented", "image augmentation of the source", 3, augment=True)
_enter("augmented_fine_tuned", "image augmentation, then fine-tuned", 4, augment=True, fine_tune=True)
_enter("randomized", EPISODE, 5, randomized=True)
_enter("randomized_per_episode_fine_tuned", f"{EPISODE}, then fine-tuned", 6, randomized=True, fine_tune=True)
_enter("randomized_per_frame", FRAME, 7, randomized=True, per_frame=True)
_enter("randomized_fine_tuned", f"{FRAME}, then fine-tuned", 8, randomized=True, per_frame=True,
       fine_tune=True)  # fmt: skip
enter("oracle", Method(
    "oracle: as many labelled target images as source images", f"{RECIPES}:oracle", settings=("source",),
    needs="oracle",
), 100)  # fmt: skip
recommend(
    "augmented",
    "No target image has a label: begin with this, which no translator can mislead. "
    "cycle_taskgan_unlabelled_refined may be far better, or worse: label some twenty images, which tells.",
)
recommend("augmented_fine_tuned", "You have labelled target images: try this first, it takes minutes.")
