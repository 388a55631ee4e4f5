"""Results files: flat rows, each of which says which run it is of, and where the runs come from. An
experiment may fill its file in several runs. What a user reads of them: `results/README.md`."""

import hashlib
import json
from itertools import count
from pathlib import Path
from typing import Any

from crossgap.base.files import alone, read_json, write_text
from crossgap.base.machine import threads_here
from crossgap.base.progress import say
from crossgap.base.records import mismatch
from crossgap.errors import CrossgapError

FIGURES = ("value", "low", "high", "n", "won", "threads", "settings", "run")
"""The keys of a row that are figures, or how they were computed; all others say what they are figures of."""
ROW = {"method": str, "metric": str, "domain": str, "seed": int, "value": float, ...: object}
"""What is in a row."""
SIGNIFICANT_DIGITS = 6
"""Of a figure, which are kept: more than any number of starts can tell apart."""


def add_results(
    path: Path, rows: list[dict[str, Any]], provenance: dict[str, Any], settings: dict[str, Any]
) -> Path:
    """Write rows into a results file; rows of other looks, seeds or methods that are there are kept.

    Args:
        path: `results/<experiment>/<preset>.json`.
        rows: one flat row per figure; figures are kept to `SIGNIFICANT_DIGITS`.
        provenance: of the run that made them. That of every run before it which a row is still of is kept
            under `earlier`.
        settings: what the experiment depends on; a file of other settings is put aside as by `prepare`.
    """
    with alone(path):  # another run may add to it at the same time
        prepare(path, settings)
        new = of_run(rows, provenance | {"settings": settings_digest(settings)})
        before = _read(path) if path.exists() else {"provenance": {}, "rows": []}
        known = {identity(row) for row in rows}
        kept = [row for row in before["rows"] if identity(row) not in known]
        runs = {row.get("run") for row in kept} - {new["provenance"]["run"]}
        if earlier := [one for one in runs_in(before) if one.get("run") in runs]:
            new["provenance"]["earlier"] = earlier
        write_text(path, as_text(new | {"rows": kept + new["rows"]}))
    return path


def of_run(rows: list[dict[str, Any]], provenance: dict[str, Any]) -> dict[str, Any]:
    """Results of one run: its provenance with the key `run`, and rows that have the same.

    So every row says by six letters which commit, processor and number of threads it is of. A row's own
    `threads` are of a model that was trained with others.
    """
    run = run_key(provenance)
    own = [
        {key: value for key, value in row.items() if key != "threads" or value != provenance.get("threads")}
        for row in rows
    ]
    return {"provenance": {"run": run} | provenance, "rows": [row | {"run": run} for row in own]}


def run_key(provenance: dict[str, Any]) -> str:
    """By which rows name a run: six letters of how it was first started, which stay when it goes on."""
    said = [str(provenance.get(key, "")) for key in ("started", "commit", "command", "machine")]
    return hashlib.sha256("\n".join(text.partition(", then ")[0] for text in said).encode()).hexdigest()[:6]


def runs_in(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The provenance of each run that made a results file, the last one last."""
    last = dict(results["provenance"])
    return [*last.pop("earlier", []), last]


def as_text(results: dict[str, Any]) -> str:
    """A results file's text: a line for each row, so that a diff shows what a run added."""
    lines = ",\n  ".join(json.dumps(_rounded(row), separators=(",", ":")) for row in results["rows"])
    origin = json.dumps(results["provenance"], indent=1)
    return f'{{\n "provenance": {origin},\n "rows": [\n  {lines}\n ]\n}}\n'


def with_threads(figures: dict[str, dict[str, Any]], threads: int | None = None) -> dict[str, dict[str, Any]]:
    """Figures by metric, each with the number of threads that a model was trained with, or else that it is
    evaluated with here: of more of them sums round otherwise, and a training ends elsewhere."""
    return {metric: row | {"threads": threads or threads_here()} for metric, row in figures.items()}


def prepare(path: Path, settings: dict[str, Any]) -> None:
    """Whether results can be written there; results of other settings are put aside, beside them, and those
    of these settings that were put aside before are back.

    Raises:
        CrossgapError: it cannot, or what is there is no results file.
    """
    with alone(path):
        digest = settings_digest(settings)
        if path.exists():
            before = _read(path)
            found = str(before["provenance"].get("settings", "unknown"))
            if found == digest:
                return
            found = found if found.isalnum() else "unknown"
            kept = next(free for n in count(1) if not (free := _aside(path, found, n)).exists())
            path.replace(kept)
            say(f"{path} had {len(before['rows'])} rows of other settings. They are in {kept} now.")
        if (aside := _aside(path, digest)).exists():
            aside.replace(path)
            say(f"{path}: the rows that were in {aside} are back.")


def _aside(path: Path, digest: str, number: int = 1) -> Path:
    return path.with_name(f"{path.stem}_{digest}{f'_{number}' if number > 1 else ''}{path.suffix}")


def settings_digest(settings: dict[str, Any]) -> str:
    """By which a results file knows the settings that its rows are of."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


def _read(path: Path) -> dict[str, Any]:
    found = read_json(path, "results")
    if mismatch(found, {"provenance": dict, "rows": list}):
        raise CrossgapError(
            f"{path} is no results file. Expected 'provenance' and 'rows', or no file yet: delete it, or "
            "put it elsewhere."
        )
    again = f"Delete {path} to have it made again by the run, or put a whole copy there."
    if problem := mismatch(found, {"provenance": {...: object}, "rows": [ROW]}):
        raise CrossgapError(f"The results {path} are damaged: {problem}. {again}")
    return found


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a results file.

    Raises:
        CrossgapError: there is none, or it is damaged.
    """
    return _read(path)["rows"]


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    figures = {key: value for key, value in row.items() if key in FIGURES and isinstance(value, float)}
    return row | {key: float(f"{value:.{SIGNIFICANT_DIGITS}g}") for key, value in figures.items()}


def identity(row: dict[str, Any]) -> str:
    """All that a row says it is a figure of, as text."""
    return json.dumps({key: value for key, value in row.items() if key not in FIGURES}, sort_keys=True)
