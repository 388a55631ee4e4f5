"""The table of Pick & Place, in Markdown."""

from __future__ import annotations

from typing import Any

from crossgap.experiments.engine.markdown import head, origin, rate_cell
from crossgap.experiments.pick_place.setups import SETUPS as PICK_PLACE


def pick_place_table(results: dict[str, Any]) -> str:
    """Mean success per method and look of Pick & Place, with the range of the seeds, in Markdown."""
    rows = [row for row in results["rows"] if row["metric"] == "success"]
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    lines = head("method", [f"`{domain}`" for domain in domains])
    for method in [name for name in PICK_PLACE if any(row["method"] == name for row in rows)]:
        cells = [rate_cell([r for r in rows if (r["method"], r["domain"]) == (method, d)]) for d in domains]
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    seeds, goals = len({row["seed"] for row in rows}), rows[0]["n"]
    text = (
        f"Cube within 5 cm of the goal, mean of {seeds} seeds × {goals} test goals (lowest – highest seed). "
        f"{origin(results)}"
    )
    return "\n".join([*lines, "", text])


TABLES = {"pick-place-quick": ("pick_place/quick.json", pick_place_table)}
"""By the name of their markers in documents: the results file, and what makes the table."""
