"""What was written before a restructuring is read after it: results files, and run folders that go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossgap.base.files import write_json
from crossgap.core.results import read_rows
from crossgap.errors import CrossgapError
from crossgap.experiments.engine import reproduce
from crossgap.experiments.engine.experiment import EXPERIMENTS
from reproduced import reproduced

RESULTS = Path(__file__).parents[1] / "results"
FILES = sorted(path for path in RESULTS.glob("*/*.json") if path.parent.name in EXPERIMENTS)
SETTINGS = json.loads((Path(__file__).parent / "old_settings.json").read_text(encoding="utf-8"))
"""Of preset smoke in the `config.json` of runs at commit 68a2876, before the rooms of today."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_results_file_is_read_and_shown(path: Path) -> None:
    rows = read_rows(path)
    shown = EXPERIMENTS[path.parent.name].load()
    results = json.loads(path.read_text(encoding="utf-8"))
    assert len(rows) == len(results["rows"])
    if any(row["metric"] == shown.metric for row in rows):
        assert results["provenance"]["preset"] in shown.table(results)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_run_of_before_goes_on_and_another_one_does_not(name: str, tmp_path: Path, monkeypatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reproduce, "_gather", stop)
    monkeypatch.setattr("crossgap.experiments.digits.trial.SOURCE", lambda split: None)
    old = {
        "experiment": name, "preset": "smoke", "device": "cpu", "precision": "32-true",
        "settings": SETTINGS[name], "threads": 1,
    }  # fmt: skip
    if "device" in SETTINGS[name]:
        old["settings"] = SETTINGS[name] | {"device": "cpu", "precision": "32-true"}
    if EXPERIMENTS[name].load().learns:
        old["extractor_precision"] = "32-true"
    write_json(tmp_path / "run" / "config.json", old)
    with pytest.raises(KeyboardInterrupt):  # it would have gone on
        reproduced(name, 1, tmp_path / "run", tmp_path)
    part = next(iter(SETTINGS[name]))
    write_json(tmp_path / "run" / "config.json", old | {"settings": old["settings"] | {part: 7}})
    with pytest.raises(CrossgapError, match=f"holds another run: .*{part}"):
        reproduced(name, 1, tmp_path / "run", tmp_path)
