"""Scenes are shared by the environments of a thread: an OpenGL context belongs to the thread that draws."""

import functools
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

SceneType = TypeVar("SceneType")
KEPT = 4
"""How many scenes of a kind a thread keeps that no environment holds any more."""


_MADE = threading.local()
"""What the calling thread made, by its kind."""


def one_per_thread(kind: Callable[..., SceneType], *dressed: Any) -> SceneType:
    """The scene of that kind and those arguments, of which one is made in each thread.

    A thread's scenes go with it: nothing else holds them.
    """
    kinds: dict[Any, Callable[..., Any]] = _MADE.__dict__  # each thread sees its own
    if kind not in kinds:
        kinds[kind] = functools.lru_cache(KEPT)(kind)
    return kinds[kind](*dressed)


class SceneHere(Generic[SceneType]):
    """Called, it gives the scene that draws for an environment in the calling thread.

    It is taken when it is first asked for, and again in another thread or process, and by a copy: so an
    environment can be copied, pickled and handed on.

    Args:
        kind: the scene's class.
        dressed: its arguments: look, randomization and image size.
    """

    def __init__(self, kind: Callable[..., SceneType], *dressed: Any):
        self._kind, self._dressed, self._taken = kind, dressed, threading.local()

    def __call__(self) -> SceneType:
        """The scene."""
        try:
            return self._taken.scene
        except AttributeError:
            self._taken.scene = one_per_thread(self._kind, *self._dressed)
            return self._taken.scene

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._kind, *self._dressed)
