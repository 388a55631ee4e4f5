"""Where bins stand before the robot, and how many things are in them: what the seed calls Robot 1 and 2."""

from dataclasses import dataclass

import numpy as np

HALF = 0.12
"""Half of a bin's inner width, metres."""
WALL, HEIGHT = 0.01, 0.045
"""Thickness of its floor and walls, and their height above the floor inside, metres."""
PITCH = 2 * HALF + WALL
"""Between the middles of bins that share a wall, metres."""
FLOOR = WALL
"""Height of the floor inside above the table, metres; the robot stands on the table."""
CENTRE = np.array([0.55, 0.0])
"""In front of the robot: the middle of where its hand may go, metres."""
MOST_BINS = 3


@dataclass(frozen=True)
class Setup:
    """Bins before a robot."""

    bins: int
    """Side by side, 1 or 3."""
    objects: int
    """Things in each."""
    base: float = 0.0
    """How far to either side of the middle bin the robot may stand, metres."""
    camera: str = "none"
    """The randomization that varies the camera in every look."""

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Middles of the bins, (bins, 2) metres, seen from a base that stands somewhere."""
        aside = rng.uniform(-self.base, self.base)
        return CENTRE + [(0.0, PITCH * (index - (self.bins - 1) / 2) - aside) for index in range(self.bins)]


SETUPS = {
    "robot_1": Setup(1, 6),
    "single_bin": Setup(3, 4, camera="slight_viewpoint"),
    "multi_bin": Setup(3, 4, base=PITCH, camera="slight_viewpoint"),
}
"""Robot 1, six things in its bin; and Robot 2 before three bins, fixed at the middle one or anywhere."""
