"""The table of the digits, in Markdown."""

from __future__ import annotations

from typing import Any

from crossgap.experiments.digits.presets import ALL_DIGITS_METHODS
from crossgap.experiments.engine.markdown import head, origin, rate_cell
from crossgap.methods.registry import METHODS


def accuracy_table(results: dict[str, Any]) -> str:
    """Mean test accuracy per method and target domain of the digits, with the range of the seeds."""
    rows = [row for row in results["rows"] if row["metric"] == "accuracy"]
    tested = {row["domain"]: row["n"] for row in rows}
    lines = head("trained how", [f"`{domain}`, {n:,} images" for domain, n in tested.items()])
    run = {row["method"] for row in rows}
    for method in (name for name in ALL_DIGITS_METHODS if name in run):  # in whatever order they were run
        cells = [rate_cell([r for r in rows if (r["method"], r["domain"]) == (method, d)], 1) for d in tested]
        lines.append(f"| {METHODS[method].about} | " + " | ".join(cells) + " |")
    seeds = len({row["seed"] for row in rows})
    lines += [
        "",
        f"Test accuracy, mean of {seeds} seeds (lowest – highest); every seed's Wilson interval is in the "
        f"file. {origin(results)}",
    ]
    return "\n".join(lines)


TABLES = {
    "digits-quick": ("digits/quick.json", accuracy_table),
    "digits-full": ("digits/full.json", accuracy_table),
}
"""By the name of their markers in documents: the results file, and what makes the table."""
