"""`crossgap adapt`: from two folders to a model, a table and a verdict, and what it refuses to say."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import crossgap
from crossgap.base.records import mismatch
from crossgap.cli import main
from crossgap.commands.adapt.choice import preset_config
from crossgap.commands.adapt.compare import read_test
from crossgap.commands.evaluate.labels import compare_errors
from crossgap.commands.options import AdaptOptions, Beside, TrainOptions
from crossgap.commands.own_data import own_data_of
from crossgap.commands.train import Training, train_on_folders
from crossgap.data import LabelledImages, read_folder, write_folder
from crossgap.data.preparation import Preparation
from crossgap.data.subsets import hold_out
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.networks import from_factory
from crossgap.report.adaptation import ADAPTATION, SHAPE

FEW = ("--methods", "source_only", "fine_tuned")


@pytest.fixture
def adapt(monkeypatch, capsys, tmp_path):
    """Run `crossgap adapt` on <tmp>/sim and <tmp>/real in this process; what it said, in one line."""

    def run(*arguments: object, code: int = 0, output: Path | None = tmp_path / "out") -> str:
        sides = ["--source", tmp_path / "sim", "--target", tmp_path / "real", "--device", "cpu"]
        place = [] if output is None else ["--output", output]
        words = ["crossgap", "adapt", *sides, *place, "--preset", "smoke", *arguments]
        monkeypatch.setattr(sys, "argv", [str(word) for word in words])
        found: int | str | None = 0
        try:
            main()
        except SystemExit as exit_:
            found = exit_.code
        said = " ".join(capsys.readouterr().err.split())
        assert found == code, said
        return said

    return run


@pytest.fixture
def folders(toy, tmp_path: Path) -> Path:
    """24 source images, and 18 target images of 6 episodes."""
    write_folder(tmp_path / "sim", toy("source", 24, 1))
    write_folder(tmp_path / "real", replace(toy("target", 18, 2), episodes=np.arange(18) // 3))
    return tmp_path


def record(run: Path) -> dict:
    return json.loads((run / ADAPTATION).read_text())


def test_from_two_folders_to_a_model_a_table_and_a_verdict(adapt, folders: Path) -> None:
    said, run = adapt(), folders / "out"
    found = record(run)
    assert not mismatch(found, SHAPE)
    assert {"source_only", "augmented", "fine_tuned", "augmented_fine_tuned", "co_trained",
            "optimal_transport", "source_supervised_taskgan_refined"} < found["methods"].keys()  # fmt: skip
    assert "Held out: 6 of 18 target images of 2 episodes." in said
    assert "12 labelled target images are few" in said
    assert "Distance of x, y, on 6 held-out images of 2 episodes" in said
    errors = {name: row["held_out"]["value"] for name, row in found["methods"].items()}
    use = found["recommended"]
    assert errors[use] <= errors["fine_tuned"]
    assert f"Use {use}: distance of x, y {errors[use]:.3g}" in said
    assert "too few to be sure of any of this" in said
    assert "Preset smoke shows that all works, and nothing else" in said
    assert f"Model: {run / 'models' / use}" in said
    model = AdaptedModel.load(run / "models" / use)
    assert model.predict(read_folder(folders / "real").images).shape == (18, 2)
    page = (run / "report.html").read_text()
    for sentence in (
        "Methods beside each other",
        "distance of x, y",
        "nearest source images",
        found["said"][0],
    ):
        assert sentence in page or sentence.replace("'", "&#39;") in page
    translators = [name for name, row in found["methods"].items() if row["translates"]]
    assert all(f"what the translator of {name} makes" in page for name in translators)


def test_it_is_train_and_evaluate_together(adapt, folders: Path) -> None:
    adapt(*FEW, "--held-out", "0.4")
    options = TrainOptions(
        folders / "sim", folders / "real", folders / "alone", device="cpu", held_out=0.4
    )  # fmt: skip
    path = train_on_folders("fine_tuned", preset_config("smoke", False), options, Beside())
    for name in ("models/fine_tuned/task_model.safetensors", "evaluation/fine_tuned.json"):
        assert (folders / "out" / name).read_bytes() == (folders / "alone" / name).read_bytes()
    real = read_folder(folders / "real")
    held = real.select(hold_out(real.episodes, 0.4, 0))
    write_folder(folders / "held", held)
    found = compare_errors({str(path): AdaptedModel.load(path)}, folders / "held")["models"][str(path)]
    row = record(folders / "out")["methods"]["fine_tuned"]
    assert row["held_out"]["value"] == pytest.approx(found["mean_distance"]["x, y"])
    assert row["own"]["y"]["value"] == pytest.approx(found["mean_absolute_error"]["y"])


def test_train_goes_on_in_the_same_run(adapt, folders: Path) -> None:
    adapt(*FEW)
    options = TrainOptions(folders / "sim", folders / "real", folders / "out", device="cpu", held_out=0.2)
    train_on_folders("target_only", preset_config("smoke", False), options, Beside())
    assert (folders / "out/models/target_only").exists()


def test_killed_and_started_again_the_table_is_the_same(adapt, folders: Path, monkeypatch) -> None:
    monkeypatch.chdir(folders)
    adapt(*FEW)
    train = Training.train

    def killed(self: Training, method: str) -> AdaptedModel:
        if method == "fine_tuned":
            raise KeyboardInterrupt
        return train(self, method)

    monkeypatch.setattr(Training, "train", killed)
    adapt(*FEW, output=None, code=130)
    monkeypatch.setattr(Training, "train", train)
    said = adapt(*FEW, output=None)
    assert "source_only: 12 of 12" not in said  # it was there
    (run,) = folders.glob("outputs/*/*_adapt")
    assert record(run) == record(folders / "out")
    adapt(*FEW, "--seed", "1", output=None)
    assert len(list(folders.glob("outputs/*/*_adapt"))) == 2  # of another seed, another run


def test_classes_are_seen_from_the_labels(adapt, folders: Path, toy) -> None:
    def classes(domain: str, n: int, seed: int) -> LabelledImages:
        data = toy(domain, n, seed)
        labels = np.floor(data.labels[:, :1] / 8)
        return replace(data, labels=labels, label_names=("third",))

    for name, data in (("sim", classes("source", 40, 1)), ("real", classes("target", 30, 2))):
        for file in sorted((folders / name).rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()
        (folders / name).rmdir()
        write_folder(folders / name, data)
    said = adapt(*FEW)
    assert "Classification: third is a whole number from 0 to 2" in said
    assert "No two images share an episode" in said
    assert "Error rate, on 6 held-out images" in said
    found = record(folders / "out")
    assert (found["measure"], found["unit"]) == ("error rate", "image")
    assert all(
        0 <= row["held_out"]["low"] <= row["held_out"]["high"] <= 1 for row in found["methods"].values()
    )
    said = adapt(*FEW, "--classes", "0", output=folders / "numbers")
    assert "Labels are numbers, as --classes says" in said
    assert "Error of third" in said


def test_without_labels_nothing_is_claimed(adapt, folders: Path) -> None:
    (folders / "real/labels.csv").unlink()
    said = adapt()
    found = record(folders / "out")
    assert found["recommended"] == "augmented"
    assert "Which method is best cannot be known: no target image has a label." in said
    assert "Whether the translator was worth it is unknown." in said
    assert "cycle_taskgan_unlabelled_refined" in found["methods"]
    assert all(row["held_out"] is None for row in found["methods"].values())
    assert not mismatch(found, SHAPE)
    page = (folders / "out/report.html").read_text()
    assert "Which is best cannot be known without labels" in page


def test_three_target_images_are_refused(adapt, folders: Path, toy) -> None:
    write_folder(folders / "three", toy("target", 3, 2))
    said = adapt("--target", folders / "three", code=2)
    assert "3 target images: too few to hold some out" in said
    assert "Expected at least 6" in said
    assert not (folders / "out").exists()


def test_further_images_give_a_clean_number(adapt, folders: Path, toy) -> None:
    write_folder(folders / "more", replace(toy("target", 9, 3), episodes=np.arange(9) // 3))
    said = adapt(*FEW)
    assert "so its error on them is a little too low: --test FOLDER" in said
    said = adapt(*FEW, "--test", folders / "more")
    found = record(folders / "out")
    figures = found["test"]["methods"][found["recommended"]]
    assert (
        f"On 9 images of more, on which nothing was chosen: {found['recommended']} {figures['value']:.3g}"
        in said
    )
    assert figures["n"] == 3
    assert "on more" in (folders / "out/report.html").read_text().lower()


def test_what_does_not_fit_is_said_before_anything_is_trained(adapt, folders: Path) -> None:
    assert "Method 'finetuned' not found. Did you mean fine_tuned?" in adapt("--methods", "finetuned", code=2)
    assert "'taskgan_forward' gives no model for target images" in adapt(
        "--methods", "taskgan_forward", code=2
    )
    unused = adapt(*FEW, "--unlabelled", folders / "real", code=2)
    assert "source_only, fine_tuned do not use --unlabelled" in unused
    assert "--source:" in adapt("--source", folders / "nothing", code=2)
    assert "--held-out must be above 0 and below 1; got 1." in adapt("--held-out", "1", code=2)
    assert not (folders / "out").exists()


def test_a_column_of_words_that_only_the_target_has_is_no_label(adapt, folders: Path) -> None:
    table = folders / "real" / "labels.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{head},operator", *(f"{row},Anna" for row in rows)]) + "\n")
    adapt("--methods", "source_only")
    assert record(folders / "out")["labels"] == ["x", "y"]
    said = adapt("--methods", "source_only", "--labels", "x", "operator", code=2)
    assert "operator" in said


def test_in_python_with_images_in_memory(toy, tmp_path: Path) -> None:
    source, target = toy("source", 24, 1), replace(toy("target", 18, 2), episodes=np.arange(18) // 3)
    found = crossgap.adapt(
        source, target, tmp_path / "run", preset="smoke", methods=("source_only", "fine_tuned"), device="cpu"
    )  # fmt: skip
    assert found.recommended in ("source_only", "fine_tuned")
    assert found.model.predict(target.images).shape == (18, 2)
    assert found.report.exists()
    with pytest.raises(CrossgapError, match="two folders, two LabelledImages or two Observations"):
        crossgap.adapt(source, tmp_path)


NETWORK = """
import torch
from torch import nn

def small():
    return nn.Sequential(nn.Conv2d(3, 4, 5, 4), nn.ReLU(), nn.Flatten(), nn.Linear(100, 2))

def absolute(outputs, labels):
    return (outputs - labels).abs().mean()
"""


def test_a_network_and_a_loss_of_the_users_own(adapt, folders: Path, monkeypatch) -> None:
    (folders / "my_network_of_adapt.py").write_text(NETWORK)
    monkeypatch.chdir(folders)
    own = ("--task", "my_network_of_adapt:small", "--loss", "my_network_of_adapt:absolute")
    assert "'dann' looks into the layers" in adapt(*own, "--methods", "dann", code=2)
    adapt(*own)
    found = record(folders / "out")
    assert "optimal_transport" not in found["methods"]
    assert "source_supervised_taskgan_refined" in found["methods"]
    adapt(*own)  # goes on: what is there is loaded again
    assert record(folders / "out") == found
    model = AdaptedModel.load(folders / "out/models/fine_tuned")
    assert type(model.task_model).__name__ == "Sequential"
    assert "holds another run" in adapt(*own[:2], code=2)
    adapt(*own[:2], "--frozen", output=folders / "frozen")
    assert record(folders / "frozen")["methods"].keys() == {"source_only", "source_supervised_taskgan"}


def test_a_network_in_memory(toy, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "my_network_in_memory.py").write_text(NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    task = from_factory("my_network_in_memory:small")
    source, target = toy("source", 24, 1), replace(toy("target", 18, 2), episodes=np.arange(18) // 3)
    found = crossgap.adapt(
        source, target, tmp_path / "run", preset="smoke", methods=("source_only",), device="cpu",
        task=task, loss=lambda outputs, labels: (outputs - labels).abs().mean(),
    )  # fmt: skip
    assert type(found.model.task_model).__name__ == "Sequential"


def test_a_test_folder_that_is_not_there_ends_it_before_training(adapt, folders: Path) -> None:
    said = adapt(*FEW, "--test", folders / "nowhere", code=2)
    assert "--test: " in said
    assert "nowhere does not exist" in said
    (folders / "bare").mkdir()
    assert "has no labels" in adapt(*FEW, "--test", folders / "bare", code=2)
    assert not (folders / "out").exists()


def cameras(path: Path, data: LabelledImages) -> None:
    """A folder whose table has two columns of images, of which the second ones are negatives."""
    write_folder(path, data)
    write_folder(path / "other", replace(data, images=255 - data.images))
    (path / "other" / "labels.csv").unlink()
    head, *rows = (path / "labels.csv").read_text().splitlines()
    rows = [f"{row},other/{row.split(',')[0]}" for row in rows]
    (path / "labels.csv").write_text("\n".join([f"{head.replace('image', 'front')},side", *rows]) + "\n")


def test_a_test_folder_is_read_before_training_and_as_the_target_is(adapt, folders: Path, toy) -> None:
    more = replace(toy("target", 9, 3), episodes=np.arange(9) // 3)
    cameras(folders / "more", more)
    (folders / "more" / "images" / "000004.png").write_bytes(b"no image")
    given = ("--methods", "source_only", "--test", folders / "more")
    assert "more/labels.csv has 2 columns of images. Expected one" in adapt(*given, code=2)
    assert "000004.png: damaged or truncated image" in adapt(*given, "--camera", "front", code=2)
    write_folder(folders / "small", replace(more, images=more.images[:, :20, :20]))
    assert "Source images are 24×24 pixels, --test images 20×20" in adapt("--test", folders / "small", code=2)
    write_folder(folders / "less", replace(more, labels=more.labels[:, :1], label_names=("x",)))
    assert "has no label column 'y'" in adapt("--test", folders / "less", code=2)
    for known in ("real", "sim"):
        assert "--test: all of its" in adapt("--test", folders / known, code=2)
    assert not (folders / "out").exists(), "nothing was trained"
    said = adapt(*given, "--camera", "front", "--skip-bad")
    assert "1 of 9 images of more are left out" in said
    found, whole = record(folders / "out")["test"], np.arange(9) != 4
    assert found["images"] == 8
    model = AdaptedModel.load(folders / "out/models/source_only")
    off = np.linalg.norm(model.predict(more.images[whole]) - more.labels[whole], axis=1)
    by_hand = np.mean([off[more.episodes[whole] == episode].mean() for episode in range(3)])
    assert found["methods"]["source_only"]["value"] == pytest.approx(by_hand, rel=1e-5)


def test_a_test_folder_is_prepared_as_the_target_is(toy, tmp_path: Path) -> None:
    data, more = own_data_of(toy("source", 12, 1), toy("target", 8, 2)), toy("target", 4, 3)
    write_folder(tmp_path / "large", replace(more, images=more.images.repeat(2, 1).repeat(2, 2)))
    options = AdaptOptions(Path("source"), Path("target"), test=tmp_path / "large")
    with pytest.raises(CrossgapError, match="--test images 48×48"):
        read_test(options, data)
    prepared = Preparation((24, 24), roi=(0, 0, 24, 48), camera=(48, 48), fit="stretch")
    found = read_test(options, replace(data, preparations={"target": prepared}))
    wanted = [prepared.prepare(image) for image in more.images.repeat(2, 1).repeat(2, 2)]
    np.testing.assert_array_equal(found.images, wanted)


def test_labelled_test_images_are_told_where_the_target_has_no_labels(adapt, folders: Path, toy) -> None:
    write_folder(folders / "more", toy("target", 9, 5))
    said = adapt("--methods", "source_only", "--target-labels", "none", "--test", folders / "more")
    value = record(folders / "out")["test"]["methods"]["source_only"]["value"]
    assert "On 9 labelled images of more, " in said
    assert f"source_only {value:.3g}" in said
