"""What tables in Markdown are made of: heads, cells, and where figures come from."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from crossgap.experiments.engine.experiment import Rows


def having(rows: Rows, **said: Any) -> Rows:
    """The rows that say so of their keys."""
    return [row for row in rows if all(row.get(key) == value for key, value in said.items())]


def table(
    first: str, titles: Iterable[str], lines: Iterable[tuple[str, Iterable[str]]], text: str = ""
) -> str:  # fmt: skip
    """A table with a line's title below `first` and its cells below `titles`, and a text below all."""
    cells = [[first, *titles], *([title, *line] for title, line in lines)]
    head, *body = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([head, "|---" * len(cells[0]) + "|", *body, *(["", text] if text else [])])


def code(names: Iterable[str]) -> list[str]:
    """Names as code."""
    return [f"`{name}`" for name in names]


def seeds_in(rows: Rows, **said: Any) -> int:
    """How many seeds there are in the rows that say so."""
    return len({row["seed"] for row in having(rows, **said)})


def fewer(found: int, seeds: int) -> str:
    """What a cell says that has fewer seeds than its column."""
    return f", {found} seed{'s' if found > 1 else ''}" if 0 < found < seeds else ""


def success_origin(results: dict[str, Any], what: str, seeds: str, starts: int) -> str:
    """What the cells of a table of success are, of which it is said what it is, and where they come from."""
    return (
        f"Success: {what}; mean of {seeds} seeds × {starts} starts (lowest – highest seed); "
        f"every seed's Wilson interval is in the file. {origin(results)}"
    )


def origin(results: dict[str, Any]) -> str:
    """Which commands, at which commits, made a results file; what differs in the number of seeds alone is
    told once, of the most."""
    origin = results["provenance"]
    runs = (*origin.get("earlier", []), origin)
    commits = dict.fromkeys(commit for run in runs for commit in run["commit"].split(", then "))
    every = [command for run in runs for command in run["command"].split(", then ")]
    given = [re.sub(r" --(?:workers|first-seed) \d+", "", command) for command in every]  # a matter of time
    whole = _most_seeds([re.sub(_PART, "", command) for command in given])
    parts = dict.fromkeys(name for command in given for name, _ in re.findall(_PART, command))
    by = f", in parts by `{'`, `'.join(parts)}` (the file has each)" if parts else ""
    return f"Preset `{origin['preset']}`, `{'`, `'.join(whole)}`{by}, {_of_commits([*commits])}."


def _most_seeds(commands: list[str]) -> list[str]:
    """Of commands that differ in `--seeds` alone that with the most."""
    found: dict[str, str] = {}
    for command in sorted(commands, key=lambda one: int((re.findall(r"--seeds (\d+)", one) or [0])[-1])):
        found[re.sub(r" --seeds \d+", "", command)] = command
    return [*found.values()]


def _of_commits(commits: list[str]) -> str:
    """Which commits, in words; of many the first and the last."""
    if len(commits) <= 3:
        return f"commit {', '.join(commits)}"
    return f"{len(commits)} commits from {commits[0]} to {commits[-1]} (every row's run has its own)"


_PART = r" (--methods|--looks|--counts|--chosen|--studies)((?: (?!-)\S+)+)"
"""Options that say which part of an experiment is run."""


def difference(found: dict[str, float]) -> tuple[str, str, str]:
    """A difference of rates and the two ends of its interval in percentage points, each with its sign. An end
    within a point of 0 has a decimal, so that a reader sees on which side of 0 it is."""
    value, *ends = (100 * found[key] for key in ("value", "low", "high"))
    low, high = (f"{end:+.1f}" if 0 < abs(end) < 1 else f"{end:+.0f}" for end in ends)
    return f"{round(value):+d}", low, high


def error_cell(rows: Rows) -> str:
    """Mean of errors, with their range."""
    return value_cell(rows, "{:.3f}")


def value_cell(rows: Rows, form: str) -> str:
    """Mean of figures, with their range, each written as `form` says, such as `{:.3f}` or `{:.0%}`."""
    values = [row["value"] for row in rows]
    mean, low, high = map(form.format, (np.mean(values), min(values), max(values))) if rows else "–––"
    return f"{mean} ({low}–{high})" if rows else "–"


def rate_cell(rows: Rows, digits: int = 0) -> str:
    """Mean of rates in per cent, with their range."""
    if not rows:
        return "–"
    rates = [100 * row["value"] for row in rows]
    mean, low, high = (f"{rate:.{digits}f}" for rate in (np.mean(rates), min(rates), max(rates)))
    return f"{mean} % ({low}–{high})"
