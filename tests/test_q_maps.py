"""Q over an image: which place a pixel shows, by the simulator's own camera, and a known Q's map."""

from __future__ import annotations

import numpy as np
import pytest

from crossgap.experiments.rl_cyclegan.q_maps import overlaid, places
from crossgap.simulation.grasping.bins import FLOOR
from crossgap.simulation.grasping.looks import LOOKS
from crossgap.simulation.grasping.once import GRASP_MIDDLE, GRASP_REACH


@pytest.mark.parametrize("look", ["source", "target"])
def test_places_are_the_projection_the_other_way_round(look: str) -> None:
    camera = LOOKS[look].pinhole()
    found = places(camera, 64)
    for row, column in ((30, 20), (40, 32), (45, 50)):
        x, y = GRASP_MIDDLE[:2] + GRASP_REACH[:2] * found[row, column]
        seen = np.reshape(camera, (3, 4)) @ [x, y, FLOOR, 1]
        np.testing.assert_allclose(seen[:2] / seen[2], [(column + 0.5) / 32 - 1, (row + 0.5) / 32 - 1])


def test_values_lie_over_the_image() -> None:
    frame = np.full((1, 3, 3), 90, np.uint8)
    made = overlaid(frame, np.array([[0.0, 0.35, 5.0]]))
    assert made.tolist() == [[[90, 90, 90], [172, 60, 45], [255, 30, 0]]]
