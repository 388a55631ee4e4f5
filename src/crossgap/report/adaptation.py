"""The part of a run's report that `crossgap adapt` adds: the verdict, and all methods beside each other."""

from __future__ import annotations

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
    measured = [row for row in found["methods"].values() if row["held_out"]]
    highs = [row["held_out"]["high"] or row["held_out"]["value"] for row in measured]
    values = [row["held_out"]["value"] for row in measured]
    limit = min(max(highs, default=1.0), 2 * max(values, default=1.0)) or 1.0
    headline = HEADLINES[found["worth"]] if measured else "Which is best cannot be known without labels"
    if measured and not any(row["translates"] for row in found["methods"].values()):
        headline = "No translator was trained"
    rows = [_row(name, row, limit, name == found["recommended"]) for name, row in found["methods"].items()]
    heads = list(dict.fromkeys(label for row in found["methods"].values() for label in row["own"]))
    return found | {
        "outcome": OUTCOMES[found["worth"]], "headline": headline, "rows": rows, "own": heads,
        "use": f"models/{found['recommended']}", "limit": f"{limit:.3g}", "measured": bool(measured),
    }  # fmt: skip


def _row(name: str, row: dict[str, Any], limit: float, use: bool) -> dict[str, Any]:
    """A method's row in words, and where its error and interval are in percent of the track."""
    held = row["held_out"]
    track = None
    if held:
        low, high = (held["value"] if end is None else end for end in (held["low"], held["high"]))
        track = [round(100 * min(max(at / limit, 0.0), 1.0), 2) for at in (held["value"], low, high)]
    own = {label: _text(figures) for label, figures in row["own"].items()}
    return {
        "name": name, "about": row["about"], "use": use, "track": track, "held_out": _text(held),
        "trained_on": _text(row["trained_on"]), "difference": _text(row["difference"], "+"), "own": own,
        "agreement": _text(row["agreement"]), "sees_target": row["sees_target"], "by_heart": row["by_heart"],
    }  # fmt: skip


def _text(figures: dict[str, Any] | None, sign: str = "") -> tuple[str, str]:
    """A value and its interval; empty where there is none."""
    if figures is None:
        return "", ""
    low, high = figures["low"], figures["high"]
    return f"{figures['value']:{sign}.3g}", "" if low is None else f"{low:{sign}.3g} to {high:{sign}.3g}"
