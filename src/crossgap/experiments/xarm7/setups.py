"""What the xArm7 experiment compares: configurations of a training, and where policies are tested. Imports no
torch."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from crossgap.errors import check_known


@dataclass(frozen=True)
class ReachSetup:
    """One configuration of the seed's comparison."""

    bottleneck: bool = True
    """Whether MSE(s, s_pred) helps to teach the extractor."""
    bottleneck_factor: float = 1.0
    """How many times the preset's weight it has: more keeps an extractor that is good already."""
    initialized: bool = False
    """Whether the extractor begins with a regression on images of known positions."""
    initial_factor: int = 1
    """How many times the preset's images and steps that regression takes: random looks take more."""
    rehearsed: bool = False
    """Whether these images stay in the bottleneck."""
    depth: bool = False
    """Whether the policy sees depth."""
    depth_noise: float = 0.0
    """How noisy that depth is in training; 1 is a stereo camera's."""
    cameras: tuple[str, ...] = ("side",)
    """What it sees: side, front or both."""
    randomization: str = "none"
    """Domain randomization, new for every episode: none, full, or fields and camera,
    viewpoint, lights joined by +."""
    per_frame: bool = False
    """Whether it is new for every frame instead: a policy without memory learns from more looks."""
    curriculum: bool = False
    """Whether its strength grows from 0 over the first half of the rounds."""
    extractor: Literal["convolutions", "normed_convolutions", "alexnet"] = "convolutions"
    """The feature extractor: the seed's, the same with instance norm, or AlexNet's."""
    extractor_weights: str | None = None
    """A safetensors file of pre-trained convolutions, by torchvision's names (AlexNet); else from scratch."""


BEST = ReachSetup(initialized=True)
SEED = "camera+lights"
"""The seed's randomization: "camera angle variation" and "lighting variation"."""
STURDY = ReachSetup(
    initialized=True, initial_factor=20, rehearsed=True, bottleneck_factor=30.0, cameras=("side", "front"),
    randomization="full+camera", per_frame=True,
)  # fmt: skip
"""What it takes to learn under strong randomization: two cameras, and a regression that is not forgotten."""
SETUPS = {
    "best": BEST,
    "no_initialization": replace(BEST, initialized=False),
    "no_bottleneck": replace(BEST, bottleneck=False),
    "rl_only": ReachSetup(bottleneck=False),
    "front_camera": replace(BEST, cameras=("front",)),
    "two_cameras": replace(BEST, cameras=("side", "front")),
    "depth": replace(BEST, depth=True),
    "depth_no_bottleneck": replace(BEST, depth=True, bottleneck=False),
    "depth_noise": replace(BEST, depth=True, depth_noise=1.0),
    "alexnet": replace(BEST, extractor="alexnet"),
    "normed": replace(BEST, extractor="normed_convolutions"),
    "camera_and_lights": replace(BEST, randomization=SEED),
    "camera_and_lights_no_initialization": replace(BEST, randomization=SEED, initialized=False),
    "camera_and_lights_rl_only": ReachSetup(randomization=SEED, bottleneck=False),
    "randomized": replace(BEST, randomization="full"),
    "randomized_curriculum": replace(BEST, randomization="full", curriculum=True),
    "two_cameras_randomized": STURDY,
    "two_cameras_randomized_normed": replace(STURDY, extractor="normed_convolutions"),
    "two_cameras_viewpoint": replace(STURDY, initial_factor=10, randomization="viewpoint+lights"),
}
"""Every configuration by name. `best` is the seed's "Best Results": bottleneck, initialized extractor, no
depth, a side view; `rl_only` and `depth_no_bottleneck` are its two others."""

LOOKS = ("camera_moved", "camera_far", "target_a", "target_b", "target_c", "target_mesh")
DOMAINS: dict[str, dict[str, Any]] = {
    "source": {},
    **{look: {"look": look} for look in LOOKS},
    "noisy_depth": {"depth_noise": 1.0},
}
"""Where policies are tested: arguments of the environment. `target_mesh` needs the real arm's meshes;
`noisy_depth`, the plain source seen by a stereo camera, is for policies that see depth."""


def domains_of(setup: ReachSetup, domains: tuple[str, ...]) -> list[str]:
    """Those of the domains where a configuration can be tested.

    Raises:
        CrossgapError: one does not exist; the message lists those that do.
    """
    check_known("Domain", domains, DOMAINS)
    return [domain for domain in domains if setup.depth or "depth_noise" not in DOMAINS[domain]]
