"""What is in a results file: keys of its provenance and of its rows. `results/README.md` says it in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from crossgap.base.files import read_json
from crossgap.base.records import Shape, mismatch
from crossgap.core.results import ROW, identity, runs_in
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.experiment import EXPERIMENTS

ORIGIN: dict[Any, Shape] = {
    "commit": str, "started": str, "command": str, "wall_s": float, "versions": {...: str},
    "machine": {"processor": str, "cores": int, "memory_gib": float},
}  # fmt: skip
"""Provenance of whatever was measured. `threads` is there, too, but for what was run before 2026-11-29."""
RUN: dict[Any, Shape] = ORIGIN | {
    "run": str, "preset": str, "device": str, "precision": str, "settings": str,
}  # fmt: skip
"""Provenance of a run of an experiment; the last one's has the others under `earlier`."""
ROW_OF_ALL: dict[Any, Shape] = ROW | {"n": int, "low": (float, None), "high": (float, None), "run": str}
"""What every row has."""
MAY: dict[str, Shape] = {"won": str, "threads": int}
"""What a row of any experiment may have."""
ROUNDING = 1e-5
"""By how much of a figure its rounding may be off."""


def check_results(path: Path) -> None:
    """Whether a results file of an experiment is as it should be.

    Args:
        path: `<results>/<experiment>/<preset>.json`.

    Raises:
        CrossgapError: it is not; the message names the first key or row that is wrong.
    """
    results = read_json(path, "results")
    keys = EXPERIMENTS.find(path.parent.name).load().row_keys
    problem = mismatch(results, {"provenance": RUN | {...: object}, "rows": [ROW_OF_ALL]})
    problem = problem or mismatch(runs_in(results), [RUN | {...: object}], "runs")
    problem = problem or _wrong_rows(results, keys)
    if problem:
        raise CrossgapError(f"{path} is not as results/README.md says: {problem}.")


def _wrong_rows(results: dict[str, Any], keys: Mapping[str, Shape]) -> str:
    """The first thing that is wrong about rows; empty where nothing is."""
    runs = Counter(one["run"] for one in runs_in(results))
    if twice := [run for run, count in runs.items() if count > 1]:
        return f"run {twice[0]} stands twice in the provenance"
    of = {row["run"] for row in results["rows"]}
    if idle := runs.keys() - of:
        return f"no row is of run {min(idle)}"
    seen: set[str] = set()
    for index, row in enumerate(results["rows"]):
        if problem := _wrong_row(row, keys, runs) or ("it stands twice" if identity(row) in seen else ""):
            return f"rows[{index}], {row['method']}, {row['metric']}: {problem}"
        seen.add(identity(row))
    return ""


def _wrong_row(row: dict[str, Any], keys: Mapping[str, Shape], runs: Mapping[str, int]) -> str:
    may = {key: shape for key, shape in (MAY | dict(keys)).items() if key in row}
    if unknown := row.keys() - ROW_OF_ALL.keys() - may.keys():
        return f"'{min(unknown)}' is no key of this experiment's rows"
    if problem := mismatch(row, {**may, ...: object}):
        return problem
    if row["run"] not in runs:
        return f"its run {row['run']} is not in the provenance"
    if (row["low"] is None) != (row["high"] is None):
        return "an interval has two ends"
    if row["low"] is not None and not _ordered(row["low"], row["value"], row["high"]):
        return f"the interval {row['low']} – {row['high']} is not around {row['value']}"
    if "won" in row and not _of_won(row):
        return f"'won' is not of {row['n']} starts of which {row['value']:g} are won"
    return ""


def _ordered(*values: float) -> bool:
    slack = ROUNDING * max(map(abs, values))
    return all(a <= b + slack for a, b in pairwise(values))


def _of_won(row: dict[str, Any]) -> bool:
    won = row["won"]
    counted = len(won) == row["n"] and set(won) <= {"0", "1"}
    return counted and abs(won.count("1") / row["n"] - row["value"]) <= ROUNDING
