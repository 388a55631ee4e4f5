"""What `crossgap collect` can be asked for. Imports nothing, so that `--help` is instant."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Collection:
    """What to collect: everything that the images depend on."""

    look: str = "source"
    """Look of the scene; `crossgap looks` shows them."""
    episodes: int = 1416
    """Demonstrations, or strips of independent configurations; the paper's source set has 1,416, its target
    sets 50."""
    steps: int = 16
    """Images per episode."""
    size: int = 64
    """Width and height of the images in pixels; to train with, a multiple of 4 and at least 24."""
    seed: int = 0
    """Seed of what happens: equal seeds give true pairs in all looks."""
    randomization: str = "none"
    """Domain randomization on top of the look, new for every episode: none, colours, lights, full,
    light_effects, clutter_and_moving_light, or several with +, such as camera+lights."""
    per_frame: bool = False
    """Randomize anew for every frame, not for every episode."""
    perturbation: float = 0.0
    """Disturbance of the demonstrated states, standard deviation in rad; 0 is the paper's set-up."""
    format: Literal["bmp", "png"] = "bmp"
    """Of the image files, one per episode, both lossless: bmp is faster, png is smaller."""
    world: str = "reach3"
    """reach3: an arm on its way to a cube, labelled with joint velocities. mico: a Kinova Mico in random
    configurations, labelled with sine and cosine of its joint angles; looks mico_source and mico_target.
    mico_at_work: the same, not far from one configuration. xarm7: an xArm7's tool somewhere in its workspace,
    labelled with where, in metres; looks source, target_a, target_b and target_c, camera `side`. grasping: a
    Kuka iiwa at a bin, labelled with a scripted grasp and its success; looks source, target, target_dim,
    target_stickers, randomized and target_pbr."""
