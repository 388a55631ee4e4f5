"""Cycle TaskGAN, in both directions at once."""

from dataclasses import dataclass
from typing import Any, Literal

from crossgap.methods.registry import BOTH, Labels, Method, enter


@dataclass(frozen=True)
class CycleConfig:
    """The training of the cycle TaskGAN."""

    steps: int = 15_000
    """Steps, each of one update of both generators, both discriminators and f_Y."""
    batch: int = 16
    """Images per step, of each domain."""
    learning_rate: float = 2e-4
    """Of all Adams; constant, then linear to zero over the second half."""
    task_weight: float = 1.0
    """λ_φ, for labels scaled to spread 1."""
    cycle_weight: float = 10.0
    """λ_c of the L1 cycle loss; CycleGAN's value."""
    feature_weight: float = 1.0
    """λ_f of the L2 loss between feature layers."""


@dataclass(frozen=True)
class Switches:
    """Cycle TaskGAN: translators in both directions, trained together; it needs no pairs."""

    supervise: Labels = BOTH
    """Labels that translations must keep; the source's alone need no target labels."""
    direction: Literal["inverse", "forward", "translator"] = "inverse"
    """What comes of it: f_X behind F; f_Y, trained on G(x); or G itself."""
    refine: bool = False
    """Refine f_X on F(y), or without target labels on F(G(x))."""


def _enter(name: str, about: str, labelled: bool, **switches: Any) -> None:
    said = Switches(BOTH if labelled else frozenset({"source"}), **switches)
    further = [] if not said.refine else ["refinement"] if labelled else ["refinement", "translated_images"]
    enter(name, Method(
        about, "crossgap.methods.cycle_taskgan.recipes:cycle", family="cycle_taskgan", switches=said,
        target_labels=labelled, translates_source=said.direction == "translator",
        settings=("source", "cycle", "augmentation", *further), layers=True,
    ), 40)  # fmt: skip


for _name, _without, _labelled in (
    ("cycle_taskgan", "", True), ("cycle_taskgan_unlabelled", ", no target labels", False)
):  # fmt: skip
    _enter(_name, f"cycle TaskGAN, inverse{_without}", _labelled)
    _enter(f"{_name}_refined", f"cycle TaskGAN, inverse{_without}, refined", _labelled, refine=True)
    _enter(f"{_name}_forward", f"cycle TaskGAN, forward{_without}", _labelled, direction="forward")
    _enter(f"{_name}_translator", f"cycle TaskGAN{_without}: the translator G", _labelled,
           direction="translator")  # fmt: skip
