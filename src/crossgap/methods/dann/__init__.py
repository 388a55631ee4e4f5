"""DANN: adapting features instead of images, the other family."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.methods.registry import BOTH, Labels, Method, enter


@dataclass(frozen=True)
class Switches:
    """DANN: a task model whose features do not tell the domains apart."""

    supervise: Labels = frozenset({"source"})
    """Labels that the task loss knows; in the paper the target's are not among them."""


def _enter(name: str, about: str, supervise: Switches) -> None:
    enter(name, Method(
        about, "crossgap.methods.dann.recipes:dann", family="dann", switches=supervise, needs="unlabelled",
        target_labels="target" in supervise.supervise, settings=("dann",),
    ), 10)  # fmt: skip


_enter("dann", "DANN", Switches())
_enter("dann_labelled", "DANN, with the target labels", Switches(BOTH))
