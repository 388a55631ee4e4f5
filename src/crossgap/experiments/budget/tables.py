"""The label budget as a table: a line per number and kind of images, a column per method."""

from collections.abc import Callable
from typing import Any

from rich.table import Column, Table

from crossgap.experiments.budget.figures import Measure
from crossgap.experiments.budget.headline import TABLES as HEADLINES
from crossgap.experiments.budget.presets import BUDGET_PRESETS, CHOSEN
from crossgap.experiments.engine.experiment import Rows
from crossgap.experiments.engine.markdown import code, having, rate_cell, seeds_in, success_origin
from crossgap.experiments.taskgan.presets import current
from crossgap.experiments.taskgan.tables import NORMS, NOT_MEASURED, SUCCESS, by_norm
from crossgap.methods.registry import METHODS


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
        for kind, spread in CHOSEN.items():
            if here := having(rows, images=images, spread=spread):
                texts = tuple(cell(having(here, method=method)) for method in methods)
                episodes = max(row["episodes"] for row in here)
                lines.setdefault((images, episodes, texts), []).append(kind)
    titles = ["images", "episodes", "chosen", *methods]
    return titles, [
        [f"{images:,}", str(episodes), "either" if len(chosen) > 1 else chosen[0], *texts]
        for (images, episodes, texts), chosen in lines.items()
    ]


def terminal_table(rows: Rows, measure: Measure) -> Table:
    """The errors of `crossgap budget` (rows of one seed), with their 95 % intervals."""

    def cell(found: Rows) -> str:
        if measure.percent:
            shares = ([f"{100 * row[key]:.1f}" for key in ("value", "low", "high")] for row in found)
            return "".join(f"{value} % ({low}–{high})" for value, low, high in shares)
        return "".join(f"{row['value']:.3f}{_half(row)}" for row in found)

    titles, lines = grid(rows, cell)
    title = f"{measure.axis.replace(chr(10), ' ').capitalize()}, {rows[0]['n']} episodes; with 95 % interval"
    columns = (Column(name.replace("_", " "), overflow="fold") for name in titles)
    printed = Table(*columns, title=title)
    for line in lines:
        printed.add_row(*line)
    return printed


def _half(row: dict[str, Any]) -> str:
    """Half of an interval; nothing of a single episode, which has none."""
    return "" if row["high"] is None else f" ± {row['high'] - row['value']:.3f}"


def budget_table(results: dict[str, Any]) -> str:
    """Mean success per number and kind of labelled target images, a table per norm in the task model and
    look, in Markdown."""
    rows, lines = having(results["rows"], metric="success"), []
    norms = by_norm(rows)
    for norm, of_norm in norms:
        said = f", {NORMS[norm]}" if len(norms) > 1 else ""
        for domain in sorted({row["domain"] for row in of_norm}):
            titles, body = grid(having(of_norm, domain=domain), rate_cell)
            table = [[*titles[:3], *code(titles[3:])], ["---"] * len(titles), *body]
            lines += [f"In `{domain}`{said}:", ""]
            lines += [*("| " + " | ".join(line) + " |" for line in table), ""]
    return "\n".join([*lines, success_origin(results, SUCCESS, str(seeds_in(rows)), rows[0]["n"])])


def current_budgets(results: dict[str, Any]) -> str:
    """The same of the rows alone that were measured with the preset as it is now."""
    found = current(results, BUDGET_PRESETS[results["provenance"]["preset"]].base)
    return budget_table(found) if found["rows"] else NOT_MEASURED


TABLES = HEADLINES | {
    f"budget-{size}": (f"budget/{size}.json", current_budgets) for size in ("quick", "full")
}
