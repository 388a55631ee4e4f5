"""Bins to grasp from by one decision: where grasps of a script come from, and where policies are tested."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.networks import AddedActionQ, ProjectedQ
from crossgap.networks.q_functions import ImageQ
from crossgap.rl.collection import TEST_GOALS, Act, Observation, View, World, play_goals
from crossgap.rl.cross_entropy import ActionForm
from crossgap.rl.replay import Episode
from crossgap.rl.scripted import Script, scripted_episodes
from crossgap.simulation.base.environments import camera_image
from crossgap.simulation.grasping import IIWA_GRASP_ONCE
from crossgap.simulation.grasping.looks import LOOKS
from crossgap.simulation.grasping.once import GRASP_HIGH, GRASP_LOW, GRASP_REACH

NUMBERS, FORM = 7, ActionForm(3, 1)
"""What the robot measures itself, and a grasp: a place, and a turn."""
EPISODE = {"seed": int, "success": bool}
"""Of a test attempt, its shape as in `records.mismatch`."""
AT_ONCE = 50
"""Attempts that are simulated side by side."""


def measured(observation: Observation) -> np.ndarray:
    """(n, 7) float32."""
    return observation["agent_pos"]


def masked(observation: Observation) -> np.ndarray:
    """(n, H, W, 4) uint8: an image, and what is where in it."""
    return np.concatenate([camera_image(observation), observation["segmentation"][..., None]], -1)


EYES, MASKED = View(camera_image, measured), View(masked, measured)
"""What is kept of an attempt: an image; or its segmentation, too."""


def bins(
    look: str, setup: str, objects: tuple[int, int] | None = None, view: View = EYES, unseen: bool = False
) -> World:  # fmt: skip
    """Bins before a robot, for one decision.

    Args:
        look: what they look like.
        setup: which bins there are, and where robot and camera stand.
        objects: how many things are in them, from and to; by default the setup's.
        view: `EYES`, or `MASKED`.
        unseen: whether they are things that nothing learns from.
    """
    about: dict[str, Any] = {"look": look, "setup": setup, "objects": objects, "unseen": unseen}
    return World(IIWA_GRASP_ONCE, view, seen=about | {"segmentation": view is MASKED})


def recorded(
    folder: Path, world: World, script: Script, count: int, seed: int, quiet: bool, weights: str = ""
) -> list[Episode]:  # fmt: skip
    """Grasps, each in a bin of its own, once. The same seed means the same bins in every look, and the same
    grasps where the script does not see the images. Of a script that has learnt, `weights` is a digest."""
    return scripted_episodes(folder, world, script, count, 1, AT_ONCE, seed, quiet, weights)


def played(world: World, act: Act, count: int, steps: int = 1) -> list[dict[str, Any]]:
    """How a policy's attempts ended, as `EPISODE`; each in a fresh bin, the same for every policy."""
    found = []
    with world.pool(at_once := math.gcd(AT_ONCE, count)) as pool:
        for first in range(TEST_GOALS, TEST_GOALS + count, at_once):
            found += play_goals(pool, act, range(first, first + at_once), steps, world.view)[1]
    return found


def new_critic(width: int, setup: str) -> ImageQ:
    """An untrained Q of a grasp: where the camera stands still, one that knows where; else the paper's."""
    if setup != "robot_1":
        return AddedActionQ(NUMBERS, FORM.size, width=width)
    camera = LOOKS["source"].pinhole()
    reach, low, high = (tuple(map(float, one)) for one in (GRASP_REACH, GRASP_LOW, GRASP_HIGH))
    return ProjectedQ(NUMBERS, 0, camera, reach, low, high, width=width, channels=2 * width)
