"""What a row says of a metric: its value, its 95 % interval, and of how many."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from crossgap.core.statistics import wilson_interval

AGGREGATE = {...: {"value": float, "low": (float, None), "high": (float, None), "n": int}}
"""Shape of metrics by name, each as `figures`, as in `records.mismatch`."""


def figures(value: float, interval: tuple[float | None, float | None], n: int) -> dict[str, Any]:
    """What a row says of a metric: its value with its 95 % interval (None, None: none), and of how many."""
    return {"value": value, "low": interval[0], "high": interval[1], "n": n}


def share(flags: Sequence[bool] | np.ndarray) -> dict[str, Any]:
    """`figures` of how many of (n,) flags are true, with Wilson's interval."""
    n, true = len(flags), int(sum(flags))
    return figures(true / n, wilson_interval(true, n), n)


def share_won(flags: Sequence[bool] | np.ndarray) -> dict[str, Any]:
    """`share` of starts (n,) that were won, and which: `won`, a text with a 1 or 0 for each, so that methods
    can be compared start by start."""
    return share(flags) | {"won": "".join(str(int(flag)) for flag in flags)}
