"""The worlds that images are seen in. Each enters itself, in its folder, and loads its scene when needed."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crossgap.base.registry import Registry
from crossgap.simulation.base.looks import RoomLook

if TYPE_CHECKING:
    from crossgap.simulation.base.scene import Scene

State = tuple[Any, ...]
"""What a scene's `render` takes before the appearance."""
Episode = tuple[list[State], np.ndarray]
"""A state for each step, and labels (steps, k)."""


@dataclass(frozen=True)
class World:
    """A scene that labelled images can be collected from."""

    entry_point: str
    """Its scene's `module:Class`."""
    label_names: tuple[str, ...]
    """What each image is labelled with."""
    episode: Callable[[int, float, np.random.Generator], Episode]
    """(steps, perturbation, rng) -> what happens, whatever the look."""
    demonstrates: bool = False
    """Whether episodes are demonstrations, whose states a perturbation can disturb."""
    closed_loop: str | None = None
    """Gymnasium id of the environment whose actions are predicted labels times a gain, if there is one."""
    seen_in: str | None = None
    """The world that looks the same, and is shown in its place."""

    @property
    def scene(self) -> type[Scene]:
        """Where states are rendered, and what looks there are."""
        return pkgutil.resolve_name(self.entry_point)

    @property
    def looks(self) -> Mapping[str, RoomLook]:
        """Its looks by name, the source's first."""
        return self.scene.looks


WORLDS: Registry[World] = Registry("World", "crossgap.simulation")
"""Every world by the name that `--world` selects it by."""
