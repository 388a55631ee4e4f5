"""Every committed results file is as its README says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossgap.base.files import read_json, write_json
from crossgap.base.records import mismatch
from crossgap.core.results import add_results, run_key
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.experiment import EXPERIMENTS
from crossgap.experiments.engine.schema import MAY, ORIGIN, ROW_OF_ALL, RUN, check_results

RESULTS = Path(__file__).parents[1] / "results"
FILES = sorted(path for path in RESULTS.glob("*/*.json") if path.parent.name in EXPERIMENTS)
BENCHMARKS = sorted((RESULTS / "benchmarks").glob("*.json"))
SMALL = 1_000_000
"""Bytes of a file that a repository holds."""
PROVENANCE = {
    "commit": "abc", "started": "2026-12-01", "command": "crossgap x", "wall_s": 1.0, "threads": 1,
    "machine": {"processor": "a core", "cores": 2, "memory_gib": 4.0}, "versions": {"python": "3.11"},
    "preset": "quick", "device": "cpu", "precision": "32-true",
}  # fmt: skip


def row(**more: Any) -> dict[str, Any]:
    about = {"domain": "target_b", "method": "oracle", "seed": 0, "metric": "success"}
    return about | {"value": 0.5, "low": 0.2, "high": 0.8, "n": 4, "won": "0110"} | more


def named(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_committed_file_fits_and_is_small(path: Path) -> None:
    check_results(path)
    assert path.stat().st_size < SMALL


@pytest.mark.parametrize("path", BENCHMARKS, ids=named)
def test_a_benchmark_says_where_it_comes_from(path: Path) -> None:
    found = read_json(path, "benchmark")
    each = [found] if "provenance" in found else found["rows"]
    assert mismatch(each, [{"provenance": ORIGIN | {...: object}, ...: object}]) == ""


def test_every_key_is_explained() -> None:
    told = (RESULTS / "README.md").read_text(encoding="utf-8")
    own = {key for entry in EXPERIMENTS.values() for key in entry.load().row_keys}
    keys = {*RUN, *ROW_OF_ALL, *MAY, *own} - {...}
    assert [key for key in sorted(keys) if f"`{key}`" not in told] == []


def test_a_row_says_which_run_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "taskgan" / "quick.json"
    add_results(path, [row(threads=1), row(seed=1, threads=2)], PROVENANCE, {})
    later = PROVENANCE | {"started": "2026-12-02", "threads": 2}
    add_results(path, [row(seed=1, value=0.25, won="0100")], later, {})
    found = read_json(path)
    first, second = found["rows"]
    assert (first["run"], second["run"]) == (run_key(PROVENANCE), run_key(later))
    assert [one["run"] for one in found["provenance"]["earlier"]] == [first["run"]]
    assert "threads" not in first  # the run's own
    add_results(path, [row(seed=1, threads=1)], later, {})
    assert read_json(path)["rows"][1]["threads"] == 1  # another than the run's
    check_results(path)


def test_a_run_that_goes_on_keeps_its_name() -> None:
    more = {"commit": "abc, then def", "command": "crossgap x, then crossgap x --seeds 3", "wall_s": 2.0}
    assert run_key(PROVENANCE | more) == run_key(PROVENANCE)
    for key in ("started", "commit", "command"):
        assert run_key(PROVENANCE | {key: "other"}) != run_key(PROVENANCE)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"low": 0.6}, r"rows\[1\], oracle, success: the interval 0\.6 – 0\.8 is not around 0\.5"),
        ({"low": None}, "an interval has two ends"),
        ({"won": "011"}, r"'won' is not of 4 starts of which 0\.5 are won"),
        ({"won": "0111"}, "'won' is not of 4 starts"),
        ({"won": "01 1"}, "'won' is not of 4 starts"),
        ({"images": 3}, "'images' is no key of this experiment's rows"),
        ({"task_norm": 3}, "'task_norm' is 3, expected text"),
        ({"run": "other"}, "its run other is not in the provenance"),
        ({"n": 4.5}, r"'rows\[1\]\.n' is 4\.5, expected a whole number"),
        ({"seed": 0}, "it stands twice"),
    ],
)
def test_what_is_wrong_is_said(bad: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = add_results(tmp_path / "taskgan" / "quick.json", [row(), row(seed=1)], PROVENANCE, {})
    check_results(path)
    found = read_json(path)
    found["rows"][1] |= bad
    write_json(path, found)
    with pytest.raises(CrossgapError, match=f"quick.json is not as results/README.md says: .*{said}"):
        check_results(path)


def test_a_run_without_rows_or_keys_is_said(tmp_path: Path) -> None:
    path = add_results(tmp_path / "taskgan" / "quick.json", [row()], PROVENANCE, {})
    found = json.loads(path.read_text())
    other = {key: value for key, value in found["provenance"].items() if key != "run"}
    write_json(path, found | {"provenance": found["provenance"] | {"earlier": [other]}})
    with pytest.raises(CrossgapError, match=r"'runs\[0\]\.run' is absent"):
        check_results(path)
    write_json(path, found | {"provenance": found["provenance"] | {"earlier": [other | {"run": "idle"}]}})
    with pytest.raises(CrossgapError, match="no row is of run idle"):
        check_results(path)
