"""What translators lose and invent: by hand."""

from __future__ import annotations

import numpy as np

from crossgap.experiments.rl_cyclegan.vanished import KEPT, SHOWN, invented, lost
from crossgap.simulation.grasping.scene import BIN, FIRST_THING, NOTHING


def scene() -> np.ndarray:
    """(2, 8, 8): a bin in each, the first with two things and one too small to count, the second with one."""
    masks = np.full((2, 8, 8), BIN, np.uint8)
    masks[:, 0] = NOTHING
    masks[0, 1:5, :4] = FIRST_THING
    masks[0, 5:8, :4] = FIRST_THING + 1
    masks[0, 7, 7] = FIRST_THING + 2
    masks[1, 2:6, 4:] = FIRST_THING + 1
    return masks


def test_a_thing_is_lost_where_too_little_of_it_is_found() -> None:
    masks, found = scene(), np.zeros((2, 8, 8), bool)
    assert SHOWN == 12
    found[0, 1, :4] = True  # a quarter of the first thing: still there
    found[0, 5, :2] = True  # two of twelve pixels of the second
    assert KEPT == 0.25
    gone, within = lost(masks, found)
    assert gone.tolist() == [False, True, True]
    assert within.tolist() == [0, 0, 1]
    assert not lost(masks, masks >= FIRST_THING)[0].any()
    assert lost(masks, masks == BIN)[0].all()  # things elsewhere are not these


def test_what_is_invented_is_a_share_of_the_bin() -> None:
    masks, found = scene(), np.zeros((2, 8, 8), bool)
    found[0, 0] = True  # outside the bin
    found[0, 1:5, :4] = True  # where a thing is
    found[1, 7, :4] = True
    np.testing.assert_allclose(invented(masks, found), [0, 4 / 40])
