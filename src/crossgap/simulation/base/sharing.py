"""Scenes are shared by the environments of a thread: an OpenGL context belongs to the thread that draws."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

SceneType = TypeVar("SceneType")
KEPT = 4
"""How many scenes a thread keeps that no environment holds any more."""


def one_per_thread(
    make: Callable[[str, str, int], SceneType],
) -> Callable[[str, str, int], SceneType]:
    """`make`, which in one thread makes one scene per look, randomization and size.

    A thread's scenes go with it: nothing else holds them.
    """
    of_thread = threading.local()

    @functools.wraps(make)
    def shared(look: str, randomization: str, size: int) -> SceneType:
        if not hasattr(of_thread, "make"):
            of_thread.make = functools.lru_cache(KEPT)(make)
        return of_thread.make(look, randomization, size)

    return shared


class SceneHere(Generic[SceneType]):
    """Called, it gives the scene that draws for an environment in the calling thread.

    It is taken when it is first asked for, and again in another thread or process, and by a copy: so an
    environment can be copied, pickled and handed on.

    Args:
        shared: a module's function that `one_per_thread` made.
        dressed: its arguments: look, randomization and image size.
    """

    def __init__(self, shared: Callable[..., SceneType], *dressed: Any):
        self._shared, self._dressed, self._taken = shared, dressed, threading.local()

    def __call__(self) -> SceneType:
        """The scene."""
        try:
            return self._taken.scene
        except AttributeError:
            self._taken.scene = self._shared(*self._dressed)
            return self._taken.scene

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._shared, *self._dressed)
