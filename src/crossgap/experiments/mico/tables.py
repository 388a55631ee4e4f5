"""The table of the Mico experiment, in Markdown."""

from __future__ import annotations

from typing import Any

from crossgap.experiments.engine.markdown import error_cell, head, origin
from crossgap.experiments.mico.figures import NAMES as MICO_NAMES
from crossgap.experiments.mico.trial import BENCHMARK, EVERY_METHOD
from crossgap.methods.registry import METHODS


def error_table(results: dict[str, Any]) -> str:
    """Figure 12 of the TaskGAN paper: the Mico's error per method and number of target images."""
    rows = [row for row in results["rows"] if row["metric"] == "angle_l2"]
    numbers = sorted({row["images"] for row in rows} - {0})
    lines = head("trained how", [f"{n:,}" for n in numbers])
    order = (*BENCHMARK, *EVERY_METHOD)  # whichever run came first
    for method in sorted({row["method"] for row in rows}, key=order.index):
        found = [row for row in rows if row["method"] == method]
        cells = [error_cell([row for row in found if row["images"] == n]) for n in numbers]
        if not any(row["images"] for row in found):
            cells = [error_cell(found), *[""] * (len(numbers) - 1)]
        lines.append(f"| {MICO_NAMES.get(method) or METHODS[method].about} | " + " | ".join(cells) + " |")
    seeds, n = len({row["seed"] for row in rows}), rows[0]["n"]
    lines += [
        "",
        f"rad², mean of {seeds} seeds × {n:,} test images (lowest – highest seed). {origin(results)}",
    ]
    return "\n".join(lines)


TABLES = {"mico-quick": ("mico/quick.json", error_table), "mico-full": ("mico/full.json", error_table)}
"""By the name of their markers in documents: the results file, and what makes the table."""
