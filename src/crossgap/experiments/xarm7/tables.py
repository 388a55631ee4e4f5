"""The table of the xArm7 that reaches, in Markdown."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossgap.experiments.engine.markdown import head, origin, rate_cell
from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS


def reach_table(results: dict[str, Any]) -> str:
    """Mean success per configuration and domain of the xArm7, with the range of the seeds, in Markdown."""
    rows = [row for row in results["rows"] if row["metric"] == "success"]
    domains = [name for name in DOMAINS if any(row["domain"] == name for row in rows)]
    learnt = [row for row in results["rows"] if row["metric"] == "steps_to_learn"]
    lines = head("configuration", [*(f"`{domain}`" for domain in domains), "steps to 80 %"])
    for method in sorted({row["method"] for row in rows}, key=_configuration):
        found = [row for row in rows if row["method"] == method]
        cells = [rate_cell([row for row in found if row["domain"] == domain]) for domain in domains]
        steps = [row["value"] for row in learnt if row["method"] == method]
        seeds = {row["seed"] for row in found}
        all_learnt = bool(steps) and len(steps) == len(seeds)
        cells.append(f"{np.mean(steps):,.0f} ({min(steps):,}–{max(steps):,})" if all_learnt else "–")
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    seeds, goals = len({row["seed"] for row in rows}), rows[0]["n"]
    text = (
        f"Success at 5 cm, mean of {seeds} seeds × {goals} test goals (lowest – highest seed). The last "
        "column: environment steps until 80 % of the validation goals are reached, – where a seed never did, "
        f"or nothing was learnt anew. {origin(results)}"
    )
    return "\n".join([*lines, "", text])


def _configuration(method: str) -> tuple[int, str]:
    """Order of the configurations, what was made of one right after it."""
    base = method.removesuffix("_goggles").removesuffix("_fine_tuned")
    return list(SETUPS).index(base), method


TABLES = {"xarm7-quick": ("xarm7/quick.json", reach_table), "xarm7-full": ("xarm7/full.json", reach_table)}
"""By the name of their markers in documents: the results file, and what makes the table."""
