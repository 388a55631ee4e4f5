"""Result rows, settings and times as the text of table cells."""

import math
from collections.abc import Iterator
from typing import Any

from crossgap.core.statistics import wilson_interval
from crossgap.report.content import ReportContent

METRICS = {
    "success": "Success",
    "success_5cm": "Within 5 cm",
    "reached_once": "Reached once",
    "steps_to_reach": "Steps to reach",
    "final_distance_mean": "Final distance, mean",
    "held_out_mse": "Held-out task error",
}
"""Every metric, and the head of its column."""
RATES = ("success", "success_5cm", "reached_once")


def success_rates(content: ReportContent) -> list[dict[str, Any]]:
    """One entry per method, in the order played: {"method", "value", "low", "high"}, in percent."""
    rows = []
    for method, successes in ((method, sum(loop.success)) for method, loop in content.played.items()):
        low, high = (100 * bound for bound in wilson_interval(successes, content.starts))
        rows.append({"method": method, "value": 100 * successes / content.starts, "low": low, "high": high})
    return rows


def metric_table(content: ReportContent) -> list[dict[str, Any]]:
    """One entry per method and seed, in the order played: {"method", "seed", "cells"}.

    A cell is (value, interval) as text; the interval is empty where there is none.
    """
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in content.rows:
        if row["domain"] == content.domain and row["metric"] in METRICS:
            found.setdefault((row["method"], row["seed"]), {})[row["metric"]] = row
    return [
        {"method": method, "seed": seed, "cells": [_cell(found[method, seed].get(name)) for name in METRICS]}
        for method in content.played
        for seed in content.seeds
        if (method, seed) in found
    ]


def _cell(row: dict[str, Any] | None) -> tuple[str, str]:
    if row is None or row.get("value") is None:
        return "not measured", ""
    value, low, high = row["value"], row.get("low"), row.get("high")
    rate = row["metric"] in RATES
    unit = " %" if rate else " m" if row["metric"].startswith("final_distance") else ""

    def text(number: float) -> str:
        if row["metric"] == "steps_to_reach":
            return f"{number:.0f}"
        return f"{100 * number:.0f}" if rate else f"{number:.3f}"

    interval = "" if low is None or high is None or low == high else f"{text(low)}–{text(high)}"
    return text(value) + unit, interval


def flatten(config: dict[str, Any], above: str = "") -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Groups of settings: (where they are, such as `preset › config`; their names and values)."""
    plain = [(key, plain_text(value)) for key, value in config.items() if not isinstance(value, dict)]
    if plain:
        yield above, plain
    for key, value in config.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{above} › {key}" if above else str(key))


def plain_text(value: Any) -> str:
    """A setting's value as one reads it: no brackets, thousands separated."""
    if isinstance(value, list | tuple):
        return ", ".join(plain_text(item) for item in value) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def label(key: str) -> str:
    """A key as one reads it: `memory_gib` becomes "memory GiB"."""
    return key.replace("_", " ").replace("gib", "GiB")


def duration(seconds: float) -> str:
    """A time as one says it: 0.4 s, 38 s, 4 min 12 s, 2 h 5 min."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
