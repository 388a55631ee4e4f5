"""What an environment can be asked for: its arguments and reset options, checked."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from crossgap.errors import CrossgapError, check_known

ROUNDING = 1e-6
"""How far a point may be out of its bounds: they round, too, where they are observed in float32."""


def checked_options(options: Mapping[str, Any] | None, available: Collection[str]) -> dict[str, Any]:
    """The options of a reset, none of them unknown.

    Raises:
        CrossgapError: they are no dictionary, or there is no such option; the message lists those that exist.
    """
    if not isinstance(options, Mapping | None):
        raise CrossgapError(f"Reset options are {options!r}. Expected a dictionary: {', '.join(available)}.")
    check_known("Reset option", options or (), available)
    return dict(options or {})


def checked_points(options: Mapping[str, Any] | None, bounds: Mapping[str, tuple]) -> dict[str, np.ndarray]:
    """The options of a reset that can hold points alone: `checked_point`s, each by its name's bounds."""
    asked = checked_options(options, bounds)
    return {name: checked_point(name, value, *bounds[name]) for name, value in asked.items()}


def finite(numbers: Any, count: int, expected: str) -> np.ndarray:
    """So many finite numbers, (count,), such as an action; else a ValueError that begins with `expected`."""
    numbers = np.asarray(numbers, float)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise ValueError(f"{expected}; got {numbers}.")
    return numbers


def checked_point(name: str, value: Any, low: np.ndarray, high: np.ndarray, unit: str = "m") -> np.ndarray:
    """A point or joint angles that were asked for, within bounds.

    Args:
        name: of the option, for the message.
        value: what was asked for; shaped as the bounds.
        low: least coordinates.
        high: greatest.
        unit: of the bounds.

    Raises:
        CrossgapError: it is none, or outside of them.
    """
    try:
        point = np.array(value, float)  # a copy: the caller may change its own
    except (TypeError, ValueError):
        point = np.empty(0)
    inside = point.shape == low.shape and (point >= low - ROUNDING).all() and (point <= high + ROUNDING).all()
    if not inside:
        least, most = (", ".join(f"{x:g}" for x in bound) for bound in (low, high))
        found = np.asarray(value, object).tolist()
        raise CrossgapError(
            f"{name} = {found} is out of reach. Expected a point from ({least}) to ({most}) {unit}."
        )
    return point


def checked_number(name: str, value: Any) -> float:
    """A finite number of 0 or more.

    Raises:
        CrossgapError: it is none.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number < float("inf"):
        raise CrossgapError(f"{name} = {value}. Expected a number of at least 0.")
    return number


def checked_size(size: Any) -> int:
    """Width and height of an environment's images in pixels.

    Raises:
        CrossgapError: it is no whole number above 0.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise CrossgapError(f"size = {size!r}. Expected a whole number of pixels, at least 1.")
    return int(size)
