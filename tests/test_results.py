"""Results files that are filled in several runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossgap.base.files import read_json, write_json
from crossgap.core.results import add_results, prepare, read_rows, with_threads
from crossgap.errors import CrossgapError


def row(domain: str, seed: int, value: float) -> dict:
    return {"domain": domain, "method": "oracle", "seed": seed, "metric": "success", "value": value, "n": 100}


def test_new_rows_replace_the_same_ones_and_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "results" / "full.json"
    add_results(path, [row("a", 0, 0.1), row("b", 0, 0.2)], {"commit": "first"}, {"steps": 1})
    add_results(path, [row("b", 0, 0.3), row("b", 1, 0.4)], {"commit": "second"}, {"steps": 1})
    found = read_json(path)
    assert [(r["domain"], r["seed"], r["value"]) for r in found["rows"]] == [
        ("a", 0, 0.1),
        ("b", 0, 0.3),
        ("b", 1, 0.4),
    ]
    assert found["provenance"]["commit"] == "second"
    assert [origin["commit"] for origin in found["provenance"]["earlier"]] == ["first"]
    add_results(path, found["rows"], {"commit": "third"}, {"steps": 1})
    assert "earlier" not in read_json(path)["provenance"]  # nothing is left of the first two


ADDER = """
from pathlib import Path
from crossgap.core.results import add_results

path, name = Path(sys.argv[1]), sys.argv[2]
ready()
for seed in range(20):
    one = {"domain": name, "method": "oracle", "seed": seed, "metric": "success", "value": 0.5, "n": 1}
    add_results(path, [one], {"started": name}, {"steps": 1})
"""


def test_two_runs_at_once_lose_no_row(tmp_path: Path, at_once) -> None:
    path = tmp_path / "quick.json"
    at_once(ADDER, (path, "a"), (path, "b"))
    found = {(row["domain"], row["seed"]) for row in read_json(path)["rows"]}
    assert found == {(name, seed) for name in "ab" for seed in range(20)}


def test_results_of_other_settings_are_put_aside_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "full.json"
    add_results(path, [row("a", 0, 0.1)], {"commit": "first"}, {"steps": 1})
    add_results(path, [row("b", 0, 0.1)], {"commit": "second"}, {"steps": 2})
    found = read_json(path)
    assert [r["domain"] for r in found["rows"]] == ["b"]
    assert "earlier" not in found["provenance"]
    add_results(path, [row("a", 1, 0.2)], {"commit": "first"}, {"steps": 1})  # a run beside the other one
    assert [(r["domain"], r["seed"]) for r in read_json(path)["rows"]] == [("a", 0), ("a", 1)]
    (aside,) = tmp_path.glob("full_*.json")
    assert [r["domain"] for r in read_json(aside)["rows"]] == ["b"]


def test_results_of_other_settings_are_put_aside_before_a_run(tmp_path: Path, capsys) -> None:
    path = tmp_path / "full.json"
    prepare(path, {"steps": 1})
    add_results(path, [row("a", 0, 0.1)], {"commit": "first"}, {"steps": 1})
    before = path.read_bytes()
    prepare(path, {"steps": 1})
    assert path.read_bytes() == before
    prepare(path, {"steps": 2})
    (kept,) = tmp_path.glob("full_*.json")
    assert kept.read_bytes() == before
    assert not path.exists()
    add_results(path, [row("b", 0, 0.2)], {"commit": "second"}, {"steps": 2})
    other = path.read_bytes()
    prepare(path, {"steps": 1})  # and back: each has its own rows again
    assert path.read_bytes() == before
    prepare(path, {"steps": 2})
    assert path.read_bytes() == other
    path.write_text('{"provenance": {}, "rows": []}')
    prepare(path, {"steps": 2})
    assert (tmp_path / "full_unknown.json").exists()
    assert "had 1 rows of other settings" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("content", ["{}", "[]", '{"rows": []}', '{"provenance": {}, "rows": 3}'])
def test_what_is_no_results_file_is_said_before_a_run(tmp_path: Path, content: str) -> None:
    path = tmp_path / "full.json"
    path.write_text(content)
    with pytest.raises(CrossgapError, match=r"full\.json is no results file\. Expected 'provenance' and"):
        prepare(path, {})
    with pytest.raises(CrossgapError, match=r"Could not write .*full\.json/full\.json"):
        prepare(path / "full.json", {})


@pytest.mark.parametrize("bad", [3, [], {}, {"value": "x"}, {"metric": 1}])
def test_damaged_rows_are_named(tmp_path: Path, bad: object) -> None:
    path = tmp_path / "full.json"
    add_results(path, [row("a", 0, 0.1)], {}, {})
    found = read_json(path)
    found["rows"].append({**row("b", 0, 0.1), **bad} if bad and isinstance(bad, dict) else bad)
    write_json(path, found)
    for read in (lambda: read_rows(path), lambda: add_results(path, [], {}, {}), lambda: prepare(path, {})):
        with pytest.raises(CrossgapError, match=rf"results {path} are damaged: 'rows\[1\].* Delete {path}"):
            read()


def test_a_file_that_grows_during_a_run_names_the_run_once(tmp_path: Path) -> None:
    path, settings = tmp_path / "full.json", {"steps": 1}
    add_results(path, [row("a", 0, 0.1)], {"commit": "first", "started": "Monday"}, settings)
    rows = [row("b", 0, 0.2)]
    for _ in range(2):
        add_results(path, rows, {"commit": "second", "started": "Tuesday"}, settings)
        rows = [*rows, row("b", 1, 0.3)]
    found = read_json(path)
    assert len(found["rows"]) == 3
    assert [origin["commit"] for origin in found["provenance"]["earlier"]] == ["first"]


def test_figures_are_kept_to_six_digits_and_what_they_are_of_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "quick.json"
    many = row("a", 0, 2 / 3) | {"low": None, "high": 1e-9 / 3, "weight": 1 / 3}
    for _ in range(2):  # found again
        add_results(path, [many], {"commit": "first"}, {})
    kept = {"value": 0.666667, "low": None, "high": 3.33333e-10}
    found = read_json(path)
    assert found["rows"] == [many | kept | {"run": found["provenance"]["run"]}]


def test_threads_say_how_a_row_was_computed_not_of_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "quick.json"
    add_results(path, [row("a", 0, 0.1), row("b", 0, 0.2)], {"commit": "of before"}, {})
    figures = with_threads({"success": {"value": 0.3}}, 2)["success"]
    add_results(path, [row("a", 0, 0.1) | figures], {"commit": "now"}, {})
    found = {one["domain"]: one for one in read_json(path)["rows"]}
    assert len(found) == 2
    assert (found["a"]["value"], found["a"]["threads"]) == (0.3, 2)
    assert "threads" not in found["b"]
