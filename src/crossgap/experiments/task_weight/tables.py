"""The table of the sweep over λ_φ, in Markdown."""

from __future__ import annotations

from typing import Any

from crossgap.experiments.engine.markdown import error_cell, origin, rate_cell

WEIGHED = {
    "held_out_mse": "task error of f_X(F(y))", "histogram_distance": "distance of F(Y)'s colours",
    "pair_l1": "distance from the true pair", "success": "success",
}  # fmt: skip
"""What is shown of every λ_φ: metrics and their titles."""


def weight_table(results: dict[str, Any]) -> str:
    """What λ_φ does to task, style and alignment in Markdown, a line for each weight, and where it comes
    from."""
    rows = results["rows"]
    domains = sorted({row["domain"] for row in rows})
    lines = ["| look | λ_φ | " + " | ".join(WEIGHED.values()) + " |", "|---" * (len(WEIGHED) + 2) + "|"]
    for domain in domains:
        for weight in sorted({row["task_weight"] for row in rows}):
            at = [row for row in rows if (row["domain"], row["task_weight"]) == (domain, weight)]
            found = {metric: [row for row in at if row["metric"] == metric] for metric in WEIGHED}
            cells = [
                rate_cell(some) if name == "success" else error_cell(some) for name, some in found.items()
            ]
            lines.append(f"| `{domain}` | {weight:g} | " + " | ".join(cells) + " |")
    seeds = len({row["seed"] for row in rows})
    about = "error in the source's label scale (1 = knows nothing), colours by total variation in [0, 1]"
    return "\n".join([*lines, "", f"Mean of {seeds} seeds (lowest – highest); {about}. {origin(results)}"])


TABLES = {"task-weight-quick": ("task_weight/quick.json", weight_table)}
"""By the name of their markers in documents: the results file, and what makes the table."""
