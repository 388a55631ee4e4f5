"""CUT and FastCUT: G: X → Y alone, by contrast between the patches of an image."""

import functools
import math
from dataclasses import dataclass

from crossgap.methods.registry import Method, check_setting, enter


@dataclass(frozen=True)
class CUTConfig:
    """The training of CUT; rates, weights, patches and jitter are the paper's."""

    steps: int = 3_000
    """Steps, each of one update of discriminator and generator; the paper's 400 passes over some 1,000 images
    are 400,000."""
    batch: int = 1
    """Images per step, of each domain."""
    learning_rate: float = 2e-4
    """Of both Adams; constant, then linear to zero over the second half."""
    nce_weight: float = 1.0
    """λ of CUT's contrastive loss, of x and y together."""
    fast_nce_weight: float = 10.0
    """λ of FastCUT's, of x alone."""
    temperature: float = 0.07
    """τ of the contrastive loss."""
    patches: int = 256
    """Patches of an image that are compared in every layer."""
    width: int = 32
    """Filters of the first layer of generator and discriminator; the paper's have 64."""
    blocks: int | None = None
    """Residual blocks of the generator; by default 6 up to 128 pixels and 9, the paper's, above."""
    enlarged: float = 286 / 256
    """Jitter: factor by which images are enlarged before they are cropped at random; 1 for none."""
    mirror: bool = True
    """Whether half of the images are mirrored."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        check = functools.partial(check_setting, "cut")
        for name in ("steps", "batch", "patches", "width"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("learning_rate", "temperature"):
            check(name, getattr(self, name), 0 < getattr(self, name) < math.inf, "above 0")
        for name in ("nce_weight", "fast_nce_weight"):
            check(name, getattr(self, name), 0 <= getattr(self, name) < math.inf, "a number from 0 on")
        check("blocks", self.blocks, self.blocks is None or self.blocks >= 1, "at least 1")
        check("enlarged", self.enlarged, 1 <= self.enlarged <= 2, "from 1 to 2")


@dataclass(frozen=True)
class Switches:
    """CUT: a translator from source to target in one direction; it needs no pairs and no labels."""

    fast: bool = False
    """FastCUT: no contrast on target images, a larger λ, and mirrored images translated like others."""


for _name, _about, _switches in (
    ("cut", "CUT: G by contrast of patches", Switches()),
    ("fastcut", "FastCUT: G by contrast of patches", Switches(fast=True)),
):
    enter(_name, Method(
        _about, "crossgap.methods.cut.recipe:cut", family="cut", switches=_switches, settings=(),
        own=CUTConfig(), source_labels=False, target_labels=False, translates_source=True,
        check="crossgap.methods.cut.recipe:check_size",
    ), 63)  # fmt: skip
