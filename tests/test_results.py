"""Results files that are filled in several runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossgap.errors import CrossgapError
from crossgap.experiments.results import add_results
from crossgap.files import read_json


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


def test_results_of_other_settings_are_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "full.json"
    add_results(path, [row("a", 0, 0.1)], {}, {"steps": 1})
    before = path.read_bytes()
    with pytest.raises(CrossgapError, match=r"full\.json holds results of other settings"):
        add_results(path, [row("b", 0, 0.1)], {}, {"steps": 2})
    assert path.read_bytes() == before
