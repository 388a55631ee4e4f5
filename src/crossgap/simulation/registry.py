"""The built-in worlds that data sets are collected from: their looks, and what happens in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from crossgap.errors import unknown
from crossgap.simulation.base.looks import LOOKS, RoomLook, find_look
from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.scene import shared_scene
from crossgap.simulation.mico.kinematics import LABEL_NAMES, encode_angles, sample_angles
from crossgap.simulation.mico.looks import MICO_LOOKS
from crossgap.simulation.mico.scene import shared_mico_scene
from crossgap.simulation.reach3.kinematics import demonstrate, sample_start
from crossgap.simulation.xarm7.kinematics import HOME, Kinematics
from crossgap.simulation.xarm7.looks import XARM7_LOOKS
from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW
from crossgap.simulation.xarm7.scene import shared_xarm7_scene

State = tuple[Any, ...]
"""What a world's `render` takes before the appearance."""


class RenderedWorld(Protocol):
    """A scene that can be set to a state and seen."""

    def new_appearance(self, rng: np.random.Generator) -> Fields:
        """What a new episode looks like."""
        ...

    def next_appearance(self, fields: Fields, rng: np.random.Generator) -> Fields:
        """What it looks like one step later."""
        ...

    @property
    def render(self) -> Callable[..., np.ndarray]:
        """(*state, appearance) -> the camera image, (size, size, 3) uint8."""
        ...


@dataclass(frozen=True)
class World:
    """A scene that labelled images can be collected from."""

    looks: Mapping[str, RoomLook]
    """Its looks by name."""
    label_names: tuple[str, ...]
    """What each image is labelled with."""
    episode: Callable[[int, float, np.random.Generator], tuple[list[State], np.ndarray]]
    """(steps, perturbation, rng) -> a state for each step, and labels (steps, k), whatever the look."""
    demonstrates: bool
    """Whether episodes are demonstrations, whose states a perturbation can disturb."""
    scene: Callable[[str, str, int], RenderedWorld]
    """(look, randomization, image size) -> where states are rendered, one and the same in a process."""

    def get_look(self, name: str) -> RoomLook:
        """The look of that name.

        Raises:
            CrossgapError: there is none in this world; the message lists those that exist.
        """
        return find_look(name, self.looks)


def _demonstration(
    steps: int, perturbation: float, rng: np.random.Generator
) -> tuple[list[State], np.ndarray]:  # fmt: skip
    """The 3-DoF arm on its way to the cube, labelled with the demonstrator's joint velocities."""
    q, cube, turn = sample_start(rng)
    path, labels = demonstrate(q, cube, steps, perturbation, rng)
    return [(angles, cube, turn) for angles in path], labels


def _configurations(spread: float | None):
    """Independent configurations of the Mico, labelled with their joint angles."""

    def episode(
        steps: int, perturbation: float, rng: np.random.Generator
    ) -> tuple[list[State], np.ndarray]:  # fmt: skip
        del perturbation
        q = sample_angles(rng, steps, spread)
        return [(angles,) for angles in q], encode_angles(q)

    return episode


def _tool_points(
    steps: int, perturbation: float, rng: np.random.Generator
) -> tuple[list[State], np.ndarray]:  # fmt: skip
    """The xArm7's tool somewhere in its workspace, pointing down, labelled with where, metres."""
    del perturbation
    kinematics, states, points = Kinematics(), [], []
    for wanted in rng.uniform(WORKSPACE_LOW, WORKSPACE_HIGH, (steps, 3)):
        q = kinematics.inverse(HOME, wanted, iterations=50)
        states.append((q,))
        points.append(kinematics.tool(q)[0])
    return states, np.array(points)


AT_WORK = 0.6
"""How far a robot at work strays from its home configuration: standard deviation, radians."""
MICO = World(
    looks=MICO_LOOKS,
    label_names=LABEL_NAMES,
    episode=_configurations(None),
    demonstrates=False,
    scene=shared_mico_scene,
)
"""An arm in configurations of all kinds."""
WORLDS = {
    "reach3": World(
        looks=LOOKS,
        label_names=("joint_velocity_1", "joint_velocity_2", "joint_velocity_3"),
        episode=_demonstration,
        demonstrates=True,
        scene=shared_scene,
    ),
    "mico": MICO,
    "mico_at_work": replace(MICO, episode=_configurations(AT_WORK)),
    "xarm7": World(
        looks=XARM7_LOOKS,
        label_names=("tool_x", "tool_y", "tool_z"),
        episode=_tool_points,
        demonstrates=False,
        scene=shared_xarm7_scene,
    ),
}
"""Every world by the name that `--world` selects it by."""


def get_world(name: str) -> World:
    """The world of that name.

    Raises:
        CrossgapError: there is none; the message lists those that exist.
    """
    if name not in WORLDS:
        raise unknown("World", name, WORLDS)
    return WORLDS[name]
