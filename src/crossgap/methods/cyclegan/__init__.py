"""CycleGAN: translators in both directions, learnt from images alone."""

import functools
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from crossgap.methods.registry import Method, check_setting, enter


@dataclass(frozen=True)
class CycleGANConfig:
    """The training of CycleGAN; batch, rate, weights, pool and jitter are the reference's."""

    steps: int = 3_000
    """Steps, each of one update of both generators and both discriminators; the paper's 200 passes over some
    1,000 images are 200,000."""
    batch: int = 1
    """Images per step, of each domain."""
    learning_rate: float = 2e-4
    """Of both Adams; constant, then linear to zero over the second half."""
    source_cycle_weight: float = 10.0
    """λ_X of |F(G(x)) − x|."""
    target_cycle_weight: float = 10.0
    """λ_Y of |G(F(y)) − y|."""
    identity_weight: float = 0.5
    """Of |F(x) − x| and |G(y) − y|, as a share of λ_X and λ_Y; 0 for none."""
    pool: int = 50
    """Translated images that are kept for each discriminator; 0 for none."""
    width: int = 32
    """Filters of the generators' first layer; the paper's have 64."""
    blocks: int | None = None
    """Residual blocks of a generator; by default 6 up to 128 pixels and 9 above."""
    discriminator_width: int = 32
    """Filters of the discriminators' first layer; the paper's have 64."""
    discriminator_layers: int = 3
    """Convolutions of stride 2 in a discriminator: patches of 16, 34 or 70 pixels with 1, 2 or 3."""
    enlarged: float = 286 / 256
    """Jitter: factor by which images are enlarged before they are cropped at random; 1 for none."""
    mirror: bool = True
    """Whether half of the images are mirrored."""
    init: Path | None = None
    """Folder with weights of pytorch-CycleGAN-and-pix2pix to begin with: any of latest_net_G_A.pth (G), _G_B
    (F), _D_A (D_Y), _D_B (D_X), or netG_A.pth …; widths, blocks and layers are then theirs."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        check = functools.partial(check_setting, "cyclegan")
        for name in ("steps", "batch", "width", "discriminator_width", "discriminator_layers"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("source_cycle_weight", "target_cycle_weight", "identity_weight"):
            check(name, getattr(self, name), 0 <= getattr(self, name) < math.inf, "a number from 0 on")
        check("learning_rate", self.learning_rate, 0 < self.learning_rate < math.inf, "above 0")
        check("pool", self.pool, self.pool >= 0, "0 or more")
        check("blocks", self.blocks, self.blocks is None or self.blocks >= 0, "0 or more")
        check("enlarged", self.enlarged, 1 <= self.enlarged <= 2, "from 1 to 2")

    def recorded(self) -> dict[str, Any]:
        """The settings as runs keep and compare them: what `init` holds, wherever it is."""
        from crossgap.methods.cyclegan.peer import PEERS

        return asdict(self) | {"init": PEERS.digests(self.init)}


@dataclass(frozen=True)
class Switches:
    """CycleGAN: translators G from source to target and F back, trained together on unpaired images."""

    direction: Literal["forward", "inverse"] = "forward"
    """Which of them is the model: G, or F. Training G also saves F."""


for _name, _about, _switches in (
    ("cyclegan", "CycleGAN: G from source to target", Switches()),
    ("cyclegan_inverse", "CycleGAN, inverse: F from target to source", Switches("inverse")),
):
    enter(_name, Method(
        _about, "crossgap.methods.cyclegan.recipe:cyclegan", family="cyclegan", switches=_switches,
        settings=(), own=CycleGANConfig(), source_labels=False, target_labels=False,
        translates_source=_switches.direction == "forward", check="crossgap.methods.cyclegan.recipe:check",
    ), 62)  # fmt: skip
