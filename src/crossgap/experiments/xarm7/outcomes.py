"""Figures of the xArm7's test episodes, of reaching and of pick and place."""

from typing import Any

import numpy as np

from crossgap.core.statistics import mean_interval, wilson_interval

EPISODE = {"seed": int, "success": bool, "distance": float}
"""Of a test episode, its shape as in `records.mismatch`."""


def trained_threads(curve: list[dict[str, Any]]) -> dict[str, int]:
    """What a learning curve says of the threads that its training ended with, for its episodes; nothing where
    it was learnt before that was noted."""
    return {key: curve[-1][key] for key in ("threads",) if curve and key in curve[-1]}


def judged(episodes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Success with Wilson's 95 % interval and which were won, and the mean distance with its interval; also
    the threads that what played was trained with, where that was noted."""
    won, distances = ([one[key] for one in episodes] for key in ("success", "distance"))
    n = len(episodes)
    threads = {key: episodes[0][key] for key in ("threads",) if key in episodes[0]}
    return {
        "success": {
            "value": sum(won) / n, **_interval(wilson_interval(sum(won), n)), "n": n, **threads,
            "won": "".join(str(int(one)) for one in won),
        },
        "distance": {
            "value": float(np.mean(distances)), **_interval(mean_interval(distances)), "n": n, **threads,
        },
    }  # fmt: skip


def _interval(bounds: tuple[float, float]) -> dict[str, float]:
    return {"low": bounds[0], "high": bounds[1]}
