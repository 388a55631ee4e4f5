"""An experiment is one folder: that of the walk-through in docs/architecture.md, and nothing else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import crossgap.experiments
from crossgap.base.files import read_json
from crossgap.cli import run
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.experiment import EXPERIMENTS, Where
from crossgap.experiments.engine.reproduce import reproduce
from crossgap.experiments.engine.tables import update
from reproduced import reproduced
from walkthroughs import walkthrough


@pytest.fixture
def coin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The house with one folder more."""
    folder = str(walkthrough("experiments", tmp_path / "more"))
    monkeypatch.setattr(crossgap.experiments, "__path__", [*crossgap.experiments.__path__, folder])
    yield
    EXPERIMENTS._things.pop("coin", None)
    for name in [name for name in sys.modules if name.startswith("crossgap.experiments.coin")]:
        del sys.modules[name]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with contextlib.suppress(SystemExit):
        run([*map(str, words)])
    return " ".join("".join(capsys.readouterr()).split())


def test_it_is_reproduced_goes_on_and_is_shown(coin, tmp_path: Path, capsys) -> None:
    path = reproduced("coin", 2, tmp_path / "run", tmp_path / "results", counts=(3,))
    found = read_json(path)
    assert [(row["coins"], row["seed"], row["n"]) for row in found["rows"]] == [(3, 0, 30), (3, 1, 30)]
    assert found["provenance"]["preset"] == "smoke"
    more = read_json(reproduced("coin", 1, tmp_path / "run", tmp_path / "results", counts=(3, 5)))["rows"]
    assert sorted((row["coins"], row["seed"]) for row in more) == [(3, 0), (3, 1), (5, 0)]
    with pytest.raises(CrossgapError, match=r"Option of coin 'looks' not found\. Available: counts"):
        reproduced("coin", 1, tmp_path / "run", tmp_path, looks=("a",))
    (tmp_path / "run" / "config.json").write_text('{"experiment": "coin", "preset": "quick"}')
    with pytest.raises(CrossgapError, match="holds another run"):
        reproduced("coin", 1, tmp_path / "run", tmp_path)


def test_later_seeds_draw_plots_of_all_rows_and_no_pictures(
    coin, tmp_path: Path, monkeypatch, capsys
) -> None:
    kind, drawn = EXPERIMENTS.find("coin").load(), []
    count = staticmethod(lambda path: drawn.append(len(read_json(path)["rows"])))
    monkeypatch.setattr(kind, "plot", count)
    monkeypatch.setattr(kind, "draw", lambda *given: drawn.append("pictures"))
    where = Where(tmp_path / "run", tmp_path / "results", 1, "cpu", "32-true")
    reproduce("coin", "smoke", 1, where, counts=(3,))
    reproduce("coin", "smoke", 3, where, first_seed=1, counts=(3,))
    assert drawn == [1, "pictures", 3]
    assert "No pictures: they are of seed 0." in capsys.readouterr().err


def test_the_command_and_the_documents_know_it(coin, tmp_path: Path, capsys, monkeypatch) -> None:
    assert "- coin: how often coins fall on their heads" in said(capsys, "reproduce", "--help")
    help_text = said(capsys, "reproduce", "coin", "--help")
    assert "--counts" in help_text
    assert "--looks" not in help_text
    monkeypatch.chdir(tmp_path)
    told = said(capsys, "reproduce", "coin", "--counts", "2", "--workers", "1", "--device", "cpu")
    assert "heads" in told
    assert "Results: results/coin/quick.json" in told
    document = tmp_path / "page.md"
    document.write_text("<!-- begin: coin-quick -->\nold\n<!-- end: coin-quick -->\n")
    update(document, tmp_path)
    assert "| 2 | 0 | " in document.read_text()
    assert "old" not in document.read_text()
