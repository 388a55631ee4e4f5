"""Training on own data says what it is worth: on held-out images, in which units, without labels."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossgap.base.files import read_json
from crossgap.cli import main
from crossgap.data import LabelledImages, read_folder, write_folder
from crossgap.data.subsets import hold_out
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation import offline_error

TINY = (
    "--source.steps", "3", "--source.batch", "4", "--networks.task-width", "4", "--device", "cpu",
)  # fmt: skip
TRANSLATOR = (
    "--translator.steps", "3", "--translator.batch", "2", "--networks.generator-width", "4",
    "--networks.generator-blocks", "1", "--networks.discriminator-width", "4",
)  # fmt: skip


@pytest.fixture
def crossgap(monkeypatch, capsys):
    """Run a verb in this process; exit code and what it printed to stderr, in one line."""

    def run(*arguments: object) -> tuple[int | str | None, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", *map(str, arguments)])
        try:
            main()
            code: int | str | None = 0
        except SystemExit as exit_:
            code = exit_.code
        return code, " ".join(capsys.readouterr().err.split())

    return run


@pytest.fixture
def folders(toy, tmp_path: Path) -> tuple[Path, Path]:
    """16 source images, and 12 target images of 6 episodes."""
    write_folder(tmp_path / "source", toy("source", 16, 1))
    write_folder(tmp_path / "target", replace(toy("target", 12, 2), episodes=np.arange(12) // 2))
    return tmp_path / "source", tmp_path / "target"


def pair(folders: tuple[Path, Path]) -> list[object]:
    return ["--source", folders[0], "--target", folders[1]]


def test_trained_and_held_out_images_stand_side_by_side(crossgap, folders, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = [*pair(folders), "--output", run, *TINY, *TRANSLATOR, "--held-out", "0.34"]
    code, words = crossgap("train", "taskgan_inverse", *options)
    assert code == 0, words
    assert "On 8 target images trained on: mean squared error" in words
    assert "On 4 target images held out: mean squared error" in words
    assert "distance of x, y" in words
    found = read_json(run / "evaluation" / "taskgan_inverse.json")
    target = read_folder(folders[1])
    test = target.select(hold_out(target.episodes, 0.34, 0))
    model = AdaptedModel.load(run / "models" / "taskgan_inverse")
    expected = offline_error(model.predict, test, model.scale)
    assert found["sets"]["held out"]["figures"]["error"]["value"] == pytest.approx(
        expected["value"], rel=1e-4
    )
    assert model.made_of["target"]["images"] == 8
    assert (run / "evaluation" / "taskgan_inverse.png").stat().st_size > 1000
    assert crossgap("report", run)[0] == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "<h2>On target images</h2>" in page
    assert "the nearest source images" in page
    assert "<td>held out</td><td>4</td>" in page
    code, words = crossgap("train", "taskgan_inverse", *options[:-1], "0.5")
    assert code == 2
    assert "another run: held_out is 0.34 there, 0.5 here" in words
    options = [*pair(folders), "--output", run, *TINY, *TRANSLATOR[4:], "--held-out", "0.34"]
    assert crossgap("train", "source_only", *options)[0] == 0


def test_without_target_labels_it_is_said_what_nobody_knows(crossgap, folders, tmp_path: Path) -> None:
    options = [*pair(folders), "--output", tmp_path / "run", *TINY, *TRANSLATOR, "--target-labels", "none"]
    code, words = crossgap("train", "taskgan", "--supervise", "source", *options)
    assert code == 0, words
    assert "On 12 target images trained on: f_X(F(y)) against f_X(y), as if that were the label" in words
    assert "How often it is right on target images is unknown: none of them has a label." in words
    assert "may draw another digit or another pose" in words


def test_the_best_step_is_a_setting_of_its_own(crossgap, folders, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = [*pair(folders), "--output", run, *TINY[:4], "--networks.task-width", "4", "--device", "cpu"]
    options += ["--fine-tuning.steps", "3"]
    assert crossgap("train", "fine_tuned", *options)[0] == 0
    code, words = crossgap("train", "fine_tuned", *options, "--keep", "best")
    assert code == 2
    assert "holds another run" in words
    assert '--keep is absent there, "best" here' in words
    assert "keep" not in read_json(run / "config.json")["config"]
    assert crossgap("train", "fine_tuned", *options)[0] == 0
    options[5] = tmp_path / "best"
    code, words = crossgap("train", "fine_tuned", *options, "--keep", "best")
    assert code == 0, words
    assert read_json(tmp_path / "best" / "config.json")["config"]["keep"] == "best"
    about = AdaptedModel.load(tmp_path / "best" / "models" / "fine_tuned").made_of
    assert about["target"]["images"] == 10  # one episode of six chooses


def test_three_target_images_do_not_pass_without_a_word(crossgap, folders, tmp_path: Path) -> None:
    few = tmp_path / "few"
    write_folder(few, read_folder(folders[1]).select(slice(3)))
    options = [*pair((folders[0], few)), "--output", tmp_path / "run", *TINY]
    code, words = crossgap("train", "source_only", *options)
    assert code == 0
    assert "3 labelled target images: whatever is trained on so few knows them by heart" in words
    assert "knows them by heart" not in crossgap("train", "source_only", *pair(folders), *options[4:])[1]


def test_labels_in_another_unit_are_noticed_in_training_and_in_evaluation(
    crossgap, folders, tmp_path: Path
) -> None:
    data = read_folder(folders[1])
    write_folder(tmp_path / "millimetres", replace(data, labels=1000 * data.labels))
    write_folder(tmp_path / "again", replace(data, images=255 - data.images))
    run = tmp_path / "run"
    code, words = crossgap("train", "source_only", *pair(folders), "--output", run, *TINY)
    assert code == 0
    assert "times as large" not in words
    model = run / "models" / "source_only"
    code, words = crossgap("evaluate", model, "--data", tmp_path / "millimetres")
    assert code == 0
    assert words.count("about 1000 times as large: metres against millimetres?") == 2
    assert "times as large" not in crossgap("evaluate", model, "--data", tmp_path / "again")[1]
    options = [*pair((folders[0], tmp_path / "millimetres")), "--output", tmp_path / "other", *TINY]
    words = crossgap("train", "source_only", *options)[1]
    assert words.count("about 1000 times as large: metres against millimetres?") == 2


def test_a_folder_that_no_method_of_a_budget_uses_is_refused(crossgap, folders, tmp_path: Path) -> None:
    more = tmp_path / "more"
    write_folder(more, read_folder(folders[1]))
    options = [*pair(folders), "--output", tmp_path / "run", "--methods", "fine_tuned", "target_only"]
    code, words = crossgap("budget", *options, "--unlabelled", more)
    assert code == 2
    assert "fine_tuned, target_only do not use --unlabelled. These do: dann, dann_labelled, taskgan_" in words
    assert not (tmp_path / "run").exists()


def test_classes_have_defaults_of_their_own(crossgap, toy, tmp_path: Path) -> None:
    for name in ("source", "target"):
        data = toy(name, 12, len(name))
        labels = (data.labels[:, :1] > 12).astype(np.float32)
        write_folder(tmp_path / name, LabelledImages(data.images, labels, ("side",), np.arange(12)))
    options = ["--source", tmp_path / "source", "--target", tmp_path / "target", "--output", tmp_path / "run"]
    options += ["--classes", "2", "--target.steps", "2", "--device", "cpu"]
    code, words = crossgap("train", "target_only", *options)
    assert code == 0, words
    config = read_json(tmp_path / "run" / "config.json")["config"]
    assert config["target"] == {"steps": 2, "batch": 32, "learning_rate": 1e-3}
    assert config["networks"]["task_width"] == 32
    assert config["networks"]["task_norm"] == "instance"
    assert config["augmentation"] == {"target": True, "shift": 0.0625}
    assert "error rate" in words
