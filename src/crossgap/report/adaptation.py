"""The part of a run's report that `crossgap adapt` adds: the verdict, and all methods beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crossgap.base.files import read_json

ADAPTATION = "adaptation.json"
"""In a run folder: what came of `crossgap adapt`."""
POLICY_RUN = "adapt_policy"
"""What the configuration of a run calls an adaptation of a policy."""
FIGURES = {"value": float, "low": (float, None), "high": (float, None), "n": int}
COUNTS = {"images": int, "episodes": int, "labelled": bool}
SHAPE = {
    "measure": str, "unit": str, "labels": [str], "trained_on": COUNTS, "held_out": (COUNTS, None),
    "recommended": str, "worth": str, "said": [str], "blind": (FIGURES, None), "why": str, "counts": str,
    "preset": str,
    "methods": {...: {
        "about": str, "translates": bool, "held_out": (FIGURES, None), "trained_on": (FIGURES, None),
        "difference": (FIGURES, None), "agreement": (FIGURES, None), "by_heart": str, "sees_target": bool,
        "own": {...: FIGURES}, "unknown": [str],
    }},
}  # fmt: skip
"""Of it, as in `records.mismatch`."""
OUTCOMES = {"yes": "better", "no": "worse", "unclear": "open", "unknown": "open"}
HEADLINES = {
    "yes": "The translator was worth it", "no": "The translator was not worth it",
    "unclear": "Not shown that a translator is worth it", "unknown": "Nothing to compare a translator with",
}  # fmt: skip
"""By `worth`."""


def read_adaptation(folder: Path) -> dict[str, Any] | None:
    """What came of an adaptation in a run folder, for the page; None where there was none.

    Raises:
        CrossgapError: the record is damaged.
    """
    path = folder / ADAPTATION
    if not path.exists():
        return None
    found = read_json(path, "adaptation", SHAPE, f"Delete {path}; `crossgap adapt` writes it again.")
    measured = [row["held_out"] for row in found["methods"].values() if row["held_out"]]
    axis = axis_of(measured)
    headline = HEADLINES[found["worth"]] if measured else "Which is best cannot be known without labels"
    if measured and not any(row["translates"] for row in found["methods"].values()):
        headline = "No translator was trained"
    rows = [_row(name, row, axis, name == found["recommended"]) for name, row in found["methods"].items()]
    heads = list(dict.fromkeys(label for row in found["methods"].values() for label in row["own"]))
    return found | {
        "outcome": OUTCOMES[found["worth"]], "headline": headline, "rows": rows, "own": heads,
        "use": f"models/{found['recommended']}", "axis": [f"{end:.3g}" for end in axis],
        "measured": bool(measured),
    }  # fmt: skip


def axis_of(measured: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Both ends of the axis of errors: 0 is on it, and a loss of the user's own may lie below. An interval
    much wider than the values leaves it.

    Args:
        measured: figures of the methods, as in `FIGURES`.
    """
    values = [row["value"] for row in measured] or [1.0]
    far = 2 * max(abs(value) for value in values)
    highs = [row["value"] if row["high"] is None else row["high"] for row in measured]
    lows = [row["low"] for row in measured if row["low"] is not None and min(values) < 0]
    low, high = max(min(0.0, *values, *lows), -far), min(max(0.0, *values, *highs), far)
    return (low, high) if high > low else (0.0, 1.0)


def _row(name: str, row: dict[str, Any], axis: tuple[float, float], use: bool) -> dict[str, Any]:
    """A method's row in words, and where 0, its error and its interval are in percent of the track."""
    held = row["held_out"]
    track = None
    if held:
        ends = (held["value"] if end is None else end for end in (held["low"], held["high"]))
        track = [_place(at, axis) for at in (0.0, held["value"], *ends)]
    own = {label: _text(figures) for label, figures in row["own"].items()}
    return {
        "name": name, "about": row["about"], "use": use, "track": track, "held_out": _text(held),
        "trained_on": _text(row["trained_on"]), "difference": _text(row["difference"], "+"), "own": own,
        "agreement": _text(row["agreement"]), "sees_target": row["sees_target"], "by_heart": row["by_heart"],
    }  # fmt: skip


def _place(at: float, axis: tuple[float, float]) -> float:
    """Where a figure is on the axis, in percent."""
    low, high = axis
    return round(100 * min(max((at - low) / (high - low), 0.0), 1.0), 2)


def _text(figures: dict[str, Any] | None, sign: str = "") -> tuple[str, str]:
    """A value and its interval; empty where there is none."""
    if figures is None:
        return "", ""
    low, high = figures["low"], figures["high"]
    return f"{figures['value']:{sign}.3g}", "" if low is None else f"{low:{sign}.3g} to {high:{sign}.3g}"
