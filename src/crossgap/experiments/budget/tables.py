"""The label budget as a table: a line per number and kind of images, a column per method."""

from collections.abc import Callable
from typing import Any

from rich.table import Column, Table

from crossgap.experiments.budget.figures import Measure
from crossgap.experiments.engine.markdown import rate_cell, success_origin
from crossgap.methods.registry import METHODS

Rows = list[dict[str, Any]]
CHOSEN = {"images": "spread", "episodes": "whole"}
"""The kinds of choice in words."""


def grid(rows: Rows, cell: Callable[[Rows], str]) -> tuple[list[str], list[list[str]]]:
    """The columns' titles (three, then methods), and the lines.

    Where both kinds chose the same images, they share a line.

    Args:
        rows: of one metric and one domain.
        cell: the text of the rows of one budget and method, one per seed; none where it was not run.
    """
    methods = sorted({row["method"] for row in rows}, key=list(METHODS).index)
    lines: dict[tuple[int, int, tuple[str, ...]], list[str]] = {}
    for images in sorted({row["images"] for row in rows}):
        for spread in CHOSEN:
            here = [row for row in rows if (row["images"], row["spread"]) == (images, spread)]
            if here:
                texts = tuple(cell([row for row in here if row["method"] == m]) for m in methods)
                lines.setdefault((images, _episodes(here), texts), []).append(CHOSEN[spread])
    titles = ["images", "episodes", "chosen", *methods]
    return titles, [
        [f"{images:,}", str(episodes), "either" if len(chosen) > 1 else chosen[0], *texts]
        for (images, episodes, texts), chosen in lines.items()
    ]


def _episodes(rows: Rows) -> int:
    return max(row["episodes"] for row in rows)


def terminal_table(rows: Rows, measure: Measure) -> Table:
    """The errors of `crossgap budget` (rows of one seed), with their 95 % intervals."""

    def cell(found: Rows) -> str:
        if measure.percent:
            return "".join(
                f"{_percent(r['value'])} % ({_percent(r['low'])}–{_percent(r['high'])})" for r in found
            )
        return "".join(f"{row['value']:.3f} ± {row['high'] - row['value']:.3f}" for row in found)

    titles, lines = grid(rows, cell)
    title = f"{measure.axis.replace(chr(10), ' ').capitalize()}, {rows[0]['n']} episodes; with 95 % interval"
    columns = (Column(name.replace("_", " "), overflow="fold") for name in titles)
    printed = Table(*columns, title=title)
    for line in lines:
        printed.add_row(*line)
    return printed


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def budget_table(results: dict[str, Any]) -> str:
    """Mean success per number and kind of labelled target images, a table per look, in Markdown."""
    rows = [row for row in results["rows"] if row["metric"] == "success"]
    lines = []
    for domain in sorted({row["domain"] for row in rows}):
        titles, body = grid([row for row in rows if row["domain"] == domain], rate_cell)
        titles = [*titles[:3], *(f"`{method}`" for method in titles[3:])]
        table = [titles, ["---"] * len(titles), *body]
        lines += [f"In `{domain}`:", "", *("| " + " | ".join(line) + " |" for line in table), ""]
    seeds = len({row["seed"] for row in rows})
    return "\n".join([*lines, success_origin(results, str(seeds), rows[0]["n"])])


TABLES = {
    "budget-quick": ("budget/quick.json", budget_table),
    "budget-full": ("budget/full.json", budget_table),
}
"""By the name of their markers in documents: the results file, and what makes the table."""
