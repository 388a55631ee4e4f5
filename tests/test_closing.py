"""What commands say at their end: the result, where it is, and a command that can be typed."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from crossgap.base import progress
from crossgap.base.files import read_json, write_json
from crossgap.commands import train
from crossgap.commands.measured import say_measured
from crossgap.data import Classes, LabelledImages, LabelScale
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation.held_out import on_target_images
from crossgap.experiments.engine import closing
from crossgap.experiments.engine.closing import say_markdown, say_results, say_success
from crossgap.experiments.engine.experiment import EXPERIMENTS
from test_report import make_content

RESULTS_FILES = sorted((Path(__file__).parents[1] / "results").glob("*/*.json"))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A narrow terminal."""
    console = Console(file=(file := io.StringIO()), width=70)
    for module in (progress, closing):
        monkeypatch.setattr(module, "console", console)
    return file


def words(file: io.StringIO) -> str:
    return " ".join(file.getvalue().split())


def test_a_report_s_table_and_verdict(shown: io.StringIO) -> None:
    say_success(make_content(target_only=22, fine_tuned=56, taskgan_inverse_refined=87))
    for cells in (["Fine-tuned", "56 %", "46 – 65 %"], ["TaskGAN inverse, refined", "87 %", "79 – 92 %"]):
        assert " │ ".join(cells) in words(shown)
    assert "100 starts in target_b" in shown.getvalue()
    assert "Beats both cheap baselines. In target_b, the refined inverse TaskGAN reaches" in shown.getvalue()


def test_no_word_of_a_document_s_table_is_cut(shown: io.StringIO) -> None:
    names = [f"source_supervised_taskgan_{index}" for index in range(5)]
    lines = ["In `target_b`:", "", "| look | " + " | ".join(names) + " |", "|---" * 6 + "|"]
    say_markdown("\n".join([*lines, "| **b** | " + " | ".join(["12 % (10–345,678)"] * 5) + " |", "", "End."]))
    text = shown.getvalue()
    assert "…" not in text
    assert "In target_b:" in text
    assert "**" not in text
    assert text.endswith("End.\n")
    columns = [line.split("│")[2].strip() for line in text.splitlines() if line.startswith("│")]
    assert "".join(columns).replace(" ", "") == "12%(10–345,678)"


@pytest.mark.parametrize("experiment", sorted({path.parent.name for path in RESULTS_FILES} & {*EXPERIMENTS}))
def test_a_reproduction_s_table_is_that_of_its_file(experiment: str, shown: io.StringIO, tmp_path) -> None:
    path = next(path for path in RESULTS_FILES if path.parent.name == experiment)
    (tmp_path / f"{path.stem}_curve.png").touch()
    write_json(tmp_path / path.name, results := read_json(path))
    say_results(experiment, tmp_path / path.name)
    metric = EXPERIMENTS[experiment].load().metric
    rows = [row for row in results["rows"] if metric in (None, row["metric"])]
    assert f"{len({row['seed'] for row in rows})} seeds" in words(shown)
    assert shown.getvalue().count("│") > len({row["method"] for row in rows})
    assert f"Results: {tmp_path / path.name}\n" in shown.getvalue()
    assert f"Pictures beside it: {path.stem}_curve.png" in shown.getvalue()


def test_results_without_the_table_s_metric_have_no_table(shown: io.StringIO, tmp_path: Path) -> None:
    write_json(tmp_path / "smoke.json", {"provenance": {}, "rows": [{"metric": "pair_l1"}]})
    say_results("taskgan", tmp_path / "smoke.json")
    assert shown.getvalue().startswith("Results: ")


def test_a_command_can_be_typed_where_this_one_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = tmp_path / ".venv/bin/crossgap"
    ours.parent.mkdir(parents=True)
    ours.write_text("#!/bin/sh\n")
    ours.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(ours.with_name("python")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    typed = progress.command("report", Path("my runs/1"))
    assert shlex.split(typed) == [".venv/bin/crossgap", "report", "my runs/1"]
    monkeypatch.setenv("PATH", str(ours.parent))
    assert progress.command("doctor") == "crossgap doctor"
    ours.unlink()
    assert progress.command("doctor") == "python -m crossgap doctor"


def test_what_can_be_copied_is_neither_broken_nor_coloured(shown: io.StringIO) -> None:
    line = "crossgap evaluate " + "a_long_folder/[red]" * 8
    progress.say_next({"Next": line})
    assert f"Next:\n  {line}\n" == shown.getvalue()


class Constant(torch.nn.Module):
    """A task model that always says the same, in the label scale."""

    def __init__(self, outputs: list[float]):
        super().__init__()
        self.outputs = torch.nn.Parameter(torch.tensor(outputs))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.outputs.expand(len(images), -1)


def data(labels: list[list[float]], names: tuple[str, ...]) -> LabelledImages:
    n = len(labels)
    return LabelledImages(
        np.zeros((n, 24, 24, 3), np.uint8), np.array(labels, np.float32), names, np.arange(n)
    )


def test_a_training_s_error_is_in_the_labels_own_units(shown: io.StringIO) -> None:
    images = data([[1.0, 10.0], [3.0, 30.0]], ("near", "far"))
    model = AdaptedModel(Constant([0.0, 1.0]), LabelScale.of(images), images.label_names, 24)
    model.method = "fine_tuned"
    train._say_model(Path("run/models/fine_tuned"), model)
    say_measured(model.method, on_target_images(model, {"trained on": images}, learnt_labels=True))
    text = " ".join(shown.getvalue().split())
    assert "Adapted model: run/models/fine_tuned " in text
    assert "images of 24×24 pixels → near, far" in text
    # means 2 and 20, spreads 1 and 10: it says 2 and 30
    assert "On 2 target images trained on: " in text
    assert "mean absolute error of near 1, far 10" in text


def test_a_source_model_was_not_trained_on_the_target_and_needs_no_labels(shown: io.StringIO) -> None:
    images = data([[0.0], [1.0], [1.0], [2.0]], ("digit",))
    model = AdaptedModel(Constant([0.0, 1.0, 0.0]), Classes(3), ("digit",), 24)
    model.method = "source_only"
    say_measured(model.method, on_target_images(model, {"trained on": images}, learnt_labels=False))
    assert "On 4 target images trained on: error rate 0.5" in " ".join(shown.getvalue().split())
    shown.truncate(0)
    unlabelled = {"trained on": images.without_labels()}
    say_measured(model.method, on_target_images(model, unlabelled, learnt_labels=False))
    assert "error rate" not in shown.getvalue()
