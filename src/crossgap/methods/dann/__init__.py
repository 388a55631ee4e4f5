"""DANN: adapting features instead of images, the other family."""

from dataclasses import dataclass

from crossgap.methods.registry import BOTH, Labels, Method, enter


@dataclass(frozen=True)
class DANNConfig:
    """The training of DANN; a step takes a batch of every data set."""

    steps: int = 15_000
    """Steps of Adam."""
    batch: int = 16
    """Images per step, of each data set that it trains on."""
    learning_rate: float = 1e-3
    """Of Adam; constant, then linear to zero over the second half."""
    domain_hidden: int = 100
    """Units of the domain classifier's hidden layer."""
    domain_weight: float = 1.0
    """Factor on λ_p, the weight of the reversed gradient, which grows from 0 to 1; 1 is the paper's."""


@dataclass(frozen=True)
class Switches:
    """DANN: a task model whose features do not tell the domains apart."""

    supervise: Labels = frozenset({"source"})
    """Labels that the task loss knows; in the paper the target's are not among them."""


def _enter(name: str, about: str, supervise: Switches) -> None:
    enter(name, Method(
        about, "crossgap.methods.dann.recipes:dann", family="dann", switches=supervise, needs="unlabelled",
        layers=True, target_labels="target" in supervise.supervise,
        settings=("dann", "augmentation") if "target" in supervise.supervise else ("dann",),
    ), 10)  # fmt: skip


_enter("dann", "DANN", Switches())
_enter("dann_labelled", "DANN, with the target labels", Switches(BOTH))
