"""DCGAN: images from noise."""

import math
from dataclasses import dataclass

from crossgap.methods.registry import Method, check_setting, enter


@dataclass(frozen=True)
class DCGANConfig:
    """The training of a DCGAN."""

    steps: int = 3_000
    """Steps, each of one update of the discriminator and one of the generator."""
    batch: int = 128
    """Images per step; the paper's."""
    learning_rate: float = 2e-4
    """Of both Adams, the paper's; constant, then linear to zero over the second half."""
    width: int = 32
    """Filters of the generator's last and the discriminator's first layer; 128 in the paper."""
    noise: int = 100
    """Numbers that an image is drawn from; the paper's."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        for name in ("steps", "batch", "width", "noise"):
            check_setting("dcgan", name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        rate = self.learning_rate
        check_setting("dcgan", "learning_rate", rate, 0 < rate < math.inf, "above 0")


@dataclass(frozen=True)
class Switches:
    """DCGAN: images from noise, like those of one set."""

    leaky: bool = False
    """Leaky ReLU in the generator, too, for the paper's ReLU."""


for _name, _about, _switches in (
    ("dcgan", "DCGAN", Switches()),
    ("dcgan_leaky", "DCGAN with leaky ReLU in its generator", Switches(leaky=True)),
):
    enter(_name, Method(
        f"{_about}, images from noise", "crossgap.methods.dcgan.recipe:dcgan", family="dcgan",
        switches=_switches, settings=(), own=DCGANConfig(), domains=1, source_labels=False,
        target_labels=False, check="crossgap.methods.dcgan.recipe:check_size",
    ), 64)  # fmt: skip
