"""pix2pix: G: X → Y, learnt from pairs."""

import functools
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from crossgap.methods.registry import Method, check_setting, enter

NORMS = ("batch", "instance")


@dataclass(frozen=True)
class Pix2PixConfig:
    """The training of pix2pix; batch, rate, λ, norm and jitter are the paper's."""

    steps: int = 3_000
    """Steps, each of one update of discriminator and generator; the paper's 200 passes over 400 pairs are
    80,000."""
    batch: int = 1
    """Pairs per step."""
    learning_rate: float = 2e-4
    """Of both Adams; constant, then linear to zero over the second half."""
    l1_weight: float = 100.0
    """λ of |y − G(x)|."""
    width: int = 32
    """Filters of the first layer of the U-Net and of the discriminator; the paper's have 64."""
    levels: int | None = None
    """How often the U-Net halves an image; by default until one pixel is left, log₂(size) times."""
    norm: Literal["batch", "instance"] = "batch"
    """Of both networks."""
    enlarged: float = 286 / 256
    """Jitter: factor by which pairs are enlarged before they are cropped at random; 1 for none."""
    mirror: bool = True
    """Whether half of the pairs are mirrored."""
    init: Path | None = None
    """Folder with weights of pytorch-CycleGAN-and-pix2pix to begin with: latest_net_G.pth, latest_net_D.pth,
    or netG.pth …; widths, levels, layers and norms are then theirs."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        check = functools.partial(check_setting, "pix2pix")
        for name in ("steps", "batch", "width"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        check("levels", self.levels, self.levels is None or self.levels >= 2, "at least 2")
        check("learning_rate", self.learning_rate, 0 < self.learning_rate < math.inf, "above 0")
        check("l1_weight", self.l1_weight, 0 <= self.l1_weight < math.inf, "a number from 0 on")
        check("norm", self.norm, self.norm in NORMS, f"one of {', '.join(NORMS)}")
        check("enlarged", self.enlarged, 1 <= self.enlarged <= 2, "from 1 to 2")

    def recorded(self) -> dict[str, Any]:
        """The settings as runs keep and compare them: what `init` holds, wherever it is."""
        from crossgap.methods.pix2pix.peer import PEERS

        return asdict(self) | {"init": PEERS.digests(self.init)}


@dataclass(frozen=True)
class Switches:
    """pix2pix: a translator from source to target, learnt from pairs."""

    l1_only: bool = False
    """No adversary: G is trained by the L1 loss alone."""


for _name, _about, _switches, _rank in (
    ("unet_l1", "U-Net with L1: G from pairs, no adversary", Switches(l1_only=True), 60),
    ("pix2pix", "pix2pix: G from pairs", Switches(), 61),
):
    enter(_name, Method(
        _about, "crossgap.methods.pix2pix.recipe:pix2pix", family="pix2pix", switches=_switches,
        settings=(), own=Pix2PixConfig(), paired=True, source_labels=False, target_labels=False,
        translates_source=True, check="crossgap.methods.pix2pix.recipe:check",
    ), _rank)  # fmt: skip
