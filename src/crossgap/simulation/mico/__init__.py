"""A Kinova Mico in configurations of all kinds, the world `mico`; and not far from one, `mico_at_work`."""

from dataclasses import replace
from functools import partial

import numpy as np

from crossgap.simulation.mico.kinematics import LABEL_NAMES, encode_angles, sample_angles
from crossgap.simulation.registry import WORLDS, Episode, World

AT_WORK = 0.6
"""How far a robot at work strays from its home configuration: standard deviation, radians."""


def configurations(
    steps: int, perturbation: float, rng: np.random.Generator, spread: float | None = None
) -> Episode:
    """Independent configurations, labelled with their joint angles; `spread` as in `sample_angles`."""
    del perturbation
    q = sample_angles(rng, steps, spread)
    return [(angles,) for angles in q], encode_angles(q)


MICO = World("crossgap.simulation.mico.scene:MicoScene", LABEL_NAMES, configurations)
WORLDS.enter("mico", MICO)
WORLDS.enter("mico_at_work", replace(MICO, episode=partial(configurations, spread=AT_WORK), seen_in="mico"))
