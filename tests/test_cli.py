"""The command line: bad input ends with a message that names it, exit code 2, and nothing half-written."""

import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType
from typing import Annotated, Union, get_args, get_origin

import numpy as np
import pytest
from rich.console import Console

from crossgap.base import progress
from crossgap.base.files import remove, write_json
from crossgap.cli import _chosen, main
from crossgap.cli.settings import as_now
from crossgap.cli.values import quick_to_check
from crossgap.commands import train as training
from crossgap.commands.evaluate import tables
from crossgap.data import LabelledImages, read_folder, write_folder
from crossgap.deploy.adapted import AdaptedModel
from crossgap.experiments.engine.reproduce import reproduce
from crossgap.experiments.mico.experiment import Mico
from crossgap.methods.config import RENAMED
from crossgap.methods.registry import METHODS


def crossgap(monkeypatch, capsys, *arguments):
    """Run a verb in this process; exit code and what it printed to stderr."""
    monkeypatch.setattr(sys, "argv", ["crossgap", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = exit_.code
    return code, capsys.readouterr().err


@pytest.fixture
def folders(tmp_path):
    """A source and a target data set of 8 random images each."""
    rng = np.random.default_rng(0)
    for name in ("source", "target"):
        images = rng.integers(0, 255, (8, 24, 24, 3), np.uint8)
        labels = rng.random((8, 1), np.float32)
        write_folder(tmp_path / name, LabelledImages(images, labels, ("angle",), np.arange(8)))
    return tmp_path / "source", tmp_path / "target"


TINY = (
    "--source.steps", "3", "--target.steps", "3", "--translator.steps", "3", "--refinement.steps", "3",
    "--source.batch", "4", "--target.batch", "4", "--translator.batch", "2", "--refinement.batch", "4",
    "--fine-tuning.steps", "3", "--fine-tuning.batch", "4", "--rcan.steps", "3", "--rcan.batch", "2",
    "--networks.task-width", "4", "--networks.generator-width", "4", "--networks.generator-blocks", "1",
    "--networks.discriminator-width", "4", "--device", "cpu",
)  # fmt: skip


def tiny(method):
    """Those of `TINY` that a method uses."""
    names = METHODS[method].parts if method in METHODS else ()
    parts = {RENAMED.get(part, part).replace("_", "-") for part in names}
    pairs = zip(TINY[::2], TINY[1::2], strict=True)
    return [
        word for pair in pairs if pair[0] == "--device" or pair[0][2:].split(".")[0] in parts for word in pair
    ]


PAIR = ("--source", "DIR/source", "--target", "DIR/target", "--output", "DIR/new")
OWN_BUDGET = ("budget", "--source", "DIR/source", "--target", "DIR/target", "--output", "DIR/new")


def train(monkeypatch, capsys, folders, method, output, *options):
    source, target = folders
    return crossgap(
        monkeypatch,
        capsys,
        "train",
        method,
        "--source",
        source,
        "--target",
        target,
        "--output",
        output,
        *tiny(method),
        *options,
    )


def test_help_imports_neither_torch_nor_mujoco():
    code = (
        "import sys\nsys.argv = ['crossgap', 'train', 'taskgan', '--help']\nfrom crossgap.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'mujoco', 'matplotlib'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip().endswith("[]")
    assert "--translator.task-weight" in printed


def test_trains_evaluates_and_resumes(monkeypatch, capsys, folders, tmp_path):
    run = tmp_path / "run"
    assert train(monkeypatch, capsys, folders, "taskgan_inverse_refined", run)[0] == 0
    weights = run / "models" / "taskgan_inverse" / "translator.safetensors"
    written = weights.stat().st_mtime_ns
    assert train(monkeypatch, capsys, folders, "fine_tuned", run)[0] == 0
    assert weights.stat().st_mtime_ns == written
    models = [run / "models" / name for name in ("taskgan_inverse_refined", "fine_tuned")]
    result = tmp_path / "result.json"
    evaluated = crossgap(
        monkeypatch, capsys, "evaluate", *models, "--data", folders[1], "--output", result, "--device", "cpu"
    )
    assert evaluated[0] == 0
    found = json.loads(result.read_text())
    refined, tuned = found["models"].values()
    difference = found["paired_differences"][str(models[1])]
    assert difference["value"] == pytest.approx(refined["value"] - tuned["value"], abs=1e-6)
    assert difference["low"] <= difference["value"] <= difference["high"]
    data = read_folder(folders[1])
    predicted = AdaptedModel.load(models[0]).predict(data.images)
    own = float(np.abs(predicted - data.labels).mean())
    assert refined["mean_absolute_error"] == {"angle": pytest.approx(own)}
    assert f"{refined['n']} episodes say little" in " ".join(evaluated[1].split())
    write_folder(tmp_path / "one", data.select(slice(1)))
    _, printed = crossgap(monkeypatch, capsys, "evaluate", *models, "--data", tmp_path / "one")
    assert "1 episode says little" in " ".join(printed.split())
    assert "none" in printed  # instead of an interval of width 0
    about = weights.with_name("adapted.json")
    assert weights.stat().st_mode == about.stat().st_mode  # others may read what they may read elsewhere


def test_trains_classes_and_dann(monkeypatch, capsys, folders, tmp_path):
    for folder in folders:
        labels = np.arange(8)[:, None] % 2
        images = read_folder(folder).images
        remove(folder)
        write_folder(folder, LabelledImages(images, labels.astype(np.float32), ("digit",), np.arange(8)))
    run, pair = tmp_path / "run", ["--source", folders[0], "--target", folders[1]]
    options = [*pair, *tiny("dann"), "--dann.steps", "3", "--dann.batch", "4"]
    for method, its in (("dann", options), ("fine_tuned", [*pair, *tiny("fine_tuned")])):
        command = ["train", method, *its, "--output", run, "--classes", "2"]
        assert crossgap(monkeypatch, capsys, *command)[0] == 0
        predicted = AdaptedModel.load(run / "models" / method).predict(read_folder(folders[1]).images)
        assert set(predicted[:, 0]) <= {0, 1}
    blind = ["train", "dann", *options, "--output", tmp_path / "blind", "--target-labels", "none"]
    assert crossgap(monkeypatch, capsys, *blind)[0] == 0
    for classes, words in (("1", "at least 2; got 1"), ("1000", None)):
        code, message = crossgap(
            monkeypatch,
            capsys,
            "train",
            "dann",
            *options,
            "--output",
            tmp_path / classes,
            "--classes",
            classes,
        )
        assert (code, words is None or words in message) == (0 if words is None else 2, True)
    assert not (tmp_path / "1").exists()


def test_pairs_have_the_target_s_labels_give_or_take(monkeypatch, capsys, folders, tmp_path):
    source, target = folders
    options = ["train", "source_paired", "--source", source, "--target", target, *tiny("source_paired")]
    options += ["--two-columns.steps", "3", "--two-columns.batch", "4"]
    data, random = read_folder(target), np.random.default_rng(0)
    noise = 0.1 * data.labels.std() * random.standard_normal(data.labels.shape).astype(np.float32)
    for name, labels in (("measured", data.labels + noise), ("mixed_up", np.roll(data.labels, 3, axis=0))):
        write_folder(tmp_path / name, replace(data, labels=labels))
    write_folder(tmp_path / "still", replace(data, labels=np.ones_like(data.labels)))
    command = [*options, "--target", tmp_path / "still", "--pairs", tmp_path / "measured"]
    found, message = crossgap(monkeypatch, capsys, *command, "--output", tmp_path / "run_of_still")
    assert found == 0, message  # labels that do not vary tell nothing
    for name, code in (("mixed_up", 2), ("measured", 0)):
        command = [*options, "--output", tmp_path / "run", "--pairs", tmp_path / name]
        found, message = crossgap(monkeypatch, capsys, *command)
        assert found == code, message
        if code:
            assert "mixed_up are not those of the target images: they differ by" in message
        assert (tmp_path / "run").exists() == (code == 0)


def test_the_canonical_translator_on_own_folders(monkeypatch, capsys, folders, tmp_path):
    source, target = folders
    options = [
        "train",
        "canonical_taskgan",
        "--source",
        source,
        "--target",
        target,
        *tiny("canonical_taskgan"),
    ]
    data = read_folder(source)
    write_folder(tmp_path / "random", replace(data, images=255 - data.images))
    for randomized, code in (
        (target, 2),
        (source, 2),
        (tmp_path / "random", 0),
    ):  # the last has the source's rows
        command = [*options, "--output", tmp_path / "run", "--randomized", randomized]
        found, message = crossgap(monkeypatch, capsys, *command)
        assert found == code, message
        assert (tmp_path / "run").exists() == (code == 0)
        assert "without --per-frame" not in message
    write_json(tmp_path / "random" / "dataset.json", {"randomization": "full", "per_frame": False})
    assert "without --per-frame" in crossgap(monkeypatch, capsys, *command)[1]
    write_json(tmp_path / "random" / "dataset.json", {"look": "target_b"})
    found, message = crossgap(monkeypatch, capsys, *command)
    assert found == 2
    assert "random was collected without --randomization. 'canonical_taskgan' needs source images" in message
    found, message = crossgap(monkeypatch, capsys, *options, "--output", tmp_path / "none")
    assert found == 2
    assert "a new random look for every frame (--randomized); there are none here" in message


def test_labels_that_are_no_classes(monkeypatch, capsys, folders, tmp_path):
    options = ["--source", folders[0], "--target", folders[1], "--output", tmp_path / "run", "--classes", "3"]
    code, message = crossgap(monkeypatch, capsys, "train", "fine_tuned", *options)
    assert code == 2
    assert "labels.csv, line 2: expected a class from 0 to 2, found 0." in message
    assert not (tmp_path / "run").exists()


def test_methods_are_listed_with_what_they_need(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["crossgap", "methods"])
    monkeypatch.setenv("COLUMNS", "200")
    main()
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    place = {line.split()[0]: index for index, line in enumerate(lines) if line}
    assert set(METHODS) <= set(place)
    kinds = ["nothing of the target", "images of the target", "labelled images of the target"]
    nothing, images, labelled = (lines.index(kind) for kind in kinds)
    assert nothing < place["randomized"] < images < place["dann"] < labelled < place["fine_tuned"]
    assert "needs --randomized" in lines[place["randomized"]]
    assert "new random look for every" in lines[place["--randomized"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["collect", "DIR/new", "--look", "target_z"], ["target_z", "target_b"]),
        (["collect", "DIR/new", "--randomization", "wild"], ["wild", "full"]),
        (["collect", "DIR/new", "--world", "mico"], ["'source'", "mico_target"]),
        (["collect", "DIR/source"], ["source", "not a collected data set"]),
        (["collect", "DIR/new", "--perturbation", "-1"], ["--perturbation must be 0 or more", "-1"]),
        (["evaluate", "DIR/new", "--steps", "0"], ["--steps must be at least 1", "0"]),
        (["reproduce", "mico", "--preset", "smoke", "--output", "DIR/source"], ["source", "not empty"]),
        (["reproduce", "budget", "--preset", "smoke", "--methods", "oracle"], ["'oracle'", "fine_tuned"]),
        (["reproduce", "budget", "--looks", "target_z"], ["target_z", "target_b"]),
        (["reproduce", "mico", "--looks", "target_b"], ["Unrecognized options: --looks"]),
        (["reproduce", "xarm7", "--looks", "mars"], ["Domain 'mars' not found"]),
        (["reproduce", "digits", "--looks", "svhn"], ["Target domain 'svhn' not found"]),
        (["reproduce", "mico", "--counts", "99999"], ["--counts must be from 1 to 1000"]),
        (["reproduce", "digits", "--counts", "3"], ["Unrecognized options: --counts"]),
        (["reproduce", "pick_place", "--looks", "target_z"], ["target_z", "target_b"]),
        (["learn", "DIR/new", "--randomization", "fog"], ["fog", "camera"]),
        ([*OWN_BUDGET, "--counts", "3", "40"], ["from 0 to 6", "got 40"]),
        ([*OWN_BUDGET, "--held-out", "0.99"], ["8 of the target's 8 episodes"]),
        ([*OWN_BUDGET, "--methods", "source_only"], ["'source_only'", "target_only"]),
        (["demo", "--look", "target_z"], ["target_z", "Available", "target_b"]),
        (["demo", "--output", "DIR/source"], ["source", "not empty"]),
        (["demo", "--output", "DIR/source/labels.csv"], ["labels.csv", "is a file"]),
        (["report", "DIR/source"], ["No run at", "source"]),
        (["report", "DIR/source", "--picture", "x.jpg"], ["--picture x.jpg is no PNG"]),
        (["evaluate", "DIR/source"], ["No adapted model"]),
        (["evaluate", "DIR/new", "--output", "DIR/source"], ["--output", "source is a folder"]),
        (["evaluate", "DIR/new", "--data", "DIR/source", "--starts", "3"], ["--starts", "closed loop"]),
        (["evaluate", "DIR/new", "--data", "DIR/source", "--look", "target_b"], ["--look", "closed loop"]),
        (["evaluate", "DIR/new", "--data", "DIR/source", "--gain", "0.1"], ["--gain", "closed loop"]),
        (["evaluate", "DIR/new", "--data", "DIR/source", "--steps", "9"], ["--steps", "closed loop"]),
        (["demo", "--look", "source"], ["Target look 'source' not found", "target_a"]),
        (
            ["reproduce", "taskgan", "--preset", "smoke", "--looks", "source", "--output", "DIR/new"],
            ["Target look 'source' not found", "target_a"],
        ),
        (["looks", "DIR/looks.txt"], ["looks.txt", "ends in .png"]),
        (["train", "taskgan_invers", *PAIR], ["Did you mean taskgan_inverse?"]),
        (["train", "fine_tuned", *PAIR, "--target", "DIR/images"], ["--target: ", "images does not exist"]),
        (
            ["train", "cycle_taskgan", *PAIR, "--target-labels", "none"],
            ["need none: dann, plain_gan", "source_supervised"],
        ),
        (["train", "fine_tuned", *PAIR, "--source", "DIR/source/labels.csv"], ["--source: ", "is a file"]),
        (["train", "plain_gan", *PAIR, "--translator.steps", "-5"], ["--translator.steps must be", "-5"]),
        (["train", "fine_tuned", *PAIR, "--target", "DIR/target/images"], ["--target-labels none"]),
        (["train", "oracle", *PAIR], ["many labelled target images", "`crossgap demo`"]),
        (["train", "source_paired", *PAIR], ["true pairs", "(--pairs); there are none here"]),
        ([*OWN_BUDGET, "--counts", "-1"], ["--counts must be 0 or more; got -1"]),
        (
            ["train", "dann", *PAIR, "--unlabelled", "DIR/nothing"],
            ["--unlabelled: ", "nothing does not exist"],
        ),
        (["evaluate", "DIR/nothing", "--look", "target_z"], ["target_z", "Available"]),
    ],
)
def test_bad_arguments(monkeypatch, capsys, folders, tmp_path, arguments, words):
    before = sorted(tmp_path.rglob("*"))
    code, message = crossgap(monkeypatch, capsys, *(a.replace("DIR", str(tmp_path)) for a in arguments))
    assert code == 2
    assert all(word in message for word in words), message
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_is_no_model_but_has_some(monkeypatch, capsys, tmp_path):
    model = tmp_path / "run" / "images_00008" / "models" / "fine_tuned"
    for folder in (model, model.with_name(".source_only.partial")):
        folder.mkdir(parents=True)
    (model / "adapted.json").touch()
    code, message = crossgap(monkeypatch, capsys, "evaluate", tmp_path / "run", "--data", tmp_path)
    assert code == 2
    assert f"Expected one or several of those in {tmp_path / 'run'}: {model}." in message
    code, message = crossgap(monkeypatch, capsys, "evaluate", model.parent / "misspelt")
    assert code == 2
    assert f"Expected one or several of those in {model.parent}: {model}." in message


@pytest.mark.parametrize(("option", "value"), [("--gain", "0.1"), ("--data", ".")])
def test_what_a_policy_does_not_take(monkeypatch, capsys, tmp_path, option, value):
    (tmp_path / "policy.json").touch()
    code, message = crossgap(monkeypatch, capsys, "evaluate", tmp_path, option, value)
    assert code == 2
    assert f"{option} is for adapted models" in message


def test_the_version(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["crossgap", "--version"])
    main()
    assert capsys.readouterr().out.startswith("crossgap 0.")


def test_labels_in_another_order_are_the_same_labels(monkeypatch, capsys, tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 255, (8, 24, 24, 3), np.uint8), rng.random((8, 2), np.float32)
    folders = tmp_path / "source", tmp_path / "target"
    data = LabelledImages(images, labels, ("near", "far"), np.arange(8))
    write_folder(folders[0], data)
    swapped = replace(data, images=255 - images, labels=labels[:, ::-1], label_names=("far", "near"))
    write_folder(folders[1], swapped)
    code, printed = train(monkeypatch, capsys, folders, "fine_tuned", tmp_path / "run")
    assert code == 0
    mean, spread = (
        labels.mean(0),
        labels.std(0),
    )  # read into the source's order, target and source have the same
    for index, name in enumerate(data.label_names):
        text = f"{mean[index]:.3g} ± {spread[index]:.3g}"
        assert f"label {name}: source {text}, target {text}\n" in printed


def test_what_stands_beside_source_and_target_is_checked_like_them(monkeypatch, capsys, folders, tmp_path):
    data = read_folder(folders[0])
    classes = replace(data, labels=np.arange(8, dtype=np.float32)[:, None] % 2, label_names=("digit",))
    folders = tmp_path / "zero_or_one", tmp_path / "other", tmp_path / "nine", tmp_path / "small"
    write_folder(folders[0], classes)
    write_folder(folders[1], replace(classes, images=255 - classes.images))
    write_folder(folders[2], replace(classes, labels=classes.labels + 8))
    write_folder(folders[3], replace(classes, images=classes.images[:, :20, :20]))
    more = np.concatenate([classes.labels, data.labels], axis=1)
    write_folder(tmp_path / "two", replace(data, labels=more, label_names=("digit", "angle")))

    def refused(method, *options) -> str:
        code, message = train(monkeypatch, capsys, folders[:2], method, tmp_path / "run", *options)
        assert code == 2
        assert not (tmp_path / "run").exists()
        return message

    assert "nine/labels.csv, line 2: expected a class from 0 to 1, found 8" in refused(
        "randomized", "--randomized", folders[2], "--classes", 2
    )
    assert "mages are 20×20 pixels" in refused("dann", "--unlabelled", folders[3])
    assert "two/labels.csv has the label columns digit, angle. --classes needs a single one" in refused(
        "fine_tuned", "--classes", 2, "--source", tmp_path / "two", "--target", tmp_path / "two"
    )
    assert "--source and --target are the same images" in refused("fine_tuned", "--target", folders[0])
    write_folder(tmp_path / "still", replace(classes, labels=np.full_like(data.labels, 3)))
    still = refused("fine_tuned", "--source", tmp_path / "still")
    assert "still/labels.csv: 'digit' is 3 in every row. Expected labels that vary" in still
    write_folder(
        tmp_path / "more",
        replace(data, images=255 - data.images, labels=more, label_names=("digit", "angle")),
    )
    options = ["--randomized", tmp_path / "more", "--randomization.steps", 3, "--randomization.batch", 4]
    code, message = train(monkeypatch, capsys, folders[:2], "randomized", tmp_path / "run", *options)
    assert code == 0, message  # the column that the source has, too


def test_no_name_is_cut_in_the_table_of_an_evaluation(monkeypatch, capsys, tmp_path):
    names = tuple(f"joint_velocity_{index}" for index in (1, 2, 3))
    rng = np.random.default_rng(0)
    data = LabelledImages(
        rng.integers(0, 255, (8, 24, 24, 3), np.uint8), rng.random((8, 3), np.float32), names, np.arange(8)
    )
    folders = tmp_path / "source", tmp_path / "target"
    write_folder(folders[0], data)
    write_folder(folders[1], replace(data, images=255 - data.images, labels=57 * data.labels))
    run = tmp_path / "run"
    for method in ("source_only", "fine_tuned"):
        code, printed = train(monkeypatch, capsys, folders, method, run)
        assert code == 0
        assert printed.count("about 57.3 times as large: degrees against radians?") == 3
    models = [run / "models" / name for name in ("fine_tuned", "source_only")]
    console = Console(file=(shown := io.StringIO()), width=80)
    for module in (tables, progress):
        monkeypatch.setattr(module, "console", console)
    models.append(run / "models" / "source_supervised_taskgan_unlabelled_refined")
    shutil.copytree(models[1], models[2])
    for count in (1, 2, 3):
        shown.truncate(0)
        assert crossgap(monkeypatch, capsys, "evaluate", *models[:count], "--data", folders[1])[0] == 0
        assert len(re.findall(r"│ \d+\.\d{4} +│", shown.getvalue())) >= count  # a long name breaks no figure
        assert "…" not in shown.getvalue()
        for model in models[:count]:  # nor is it broken itself
            assert shown.getvalue().count(f"│ {model.name} ") >= 1 or count == 1
        distance = "distance of joint_velocity_1, joint_velocity_2, joint_velocity_3"
        assert f"│ {distance} " in shown.getvalue()
        assert " ".join(shown.getvalue().split()).count("is of the run of") == count
        assert ("minus" in shown.getvalue()) == (count > 1)


def test_unknown_method(monkeypatch, capsys, folders, tmp_path):
    code, message = train(monkeypatch, capsys, folders, "taskgan_backward", tmp_path / "run")
    assert code == 2
    assert "taskgan_inverse" in message
    assert not (tmp_path / "run").exists()


def test_output_of_another_run(monkeypatch, capsys, folders, tmp_path):
    run = tmp_path / "run"
    assert train(monkeypatch, capsys, folders, "source_only", run)[0] == 0
    source, target = folders
    code, message = crossgap(
        monkeypatch, capsys, "train", "source_only", "--source", target, "--target", source, "--output", run,
        *tiny("source_only"),
    )  # fmt: skip
    assert code == 2
    assert "another run" in message
    assert f'source is "{source} (8 images, fingerprint' in message
    code, message = train(monkeypatch, capsys, folders, "source_only", run, "--target-labels", "none")
    assert code == 2
    assert "images without labels, fingerprint" in message
    assert "; " not in message  # nothing else differs
    code, message = train(monkeypatch, capsys, folders, "source_only", run, "--source.steps", "7")
    assert "--source.steps is 3 there, 7 here. Choose" in message


def test_what_no_method_of_a_run_has_used_can_still_be_chosen(monkeypatch, capsys, folders, tmp_path):
    """`fine_tuned` has no say in how long a translator is trained."""
    run, steps = tmp_path / "run", lambda: json.loads((run / "config.json").read_text())["config"]
    assert train(monkeypatch, capsys, folders, "fine_tuned", run, "--fine-tuning.steps", "4")[0] == 0
    assert (steps()["translator"]["steps"], steps()["fine_tuning"]["steps"]) == (1100, 4)
    assert train(monkeypatch, capsys, folders, "taskgan_inverse", run)[0] == 0
    assert (steps()["translator"]["steps"], steps()["fine_tuning"]["steps"]) == (3, 4)
    code, message = train(monkeypatch, capsys, folders, "plain_gan", run, "--translator.steps", "5")
    assert code == 2
    assert "--translator.steps is 3 there, 5 here. Choose" in message


SWITCHED = {
    "baseline --fine-tune": "fine_tuned",
    "taskgan": "taskgan_inverse",
    "taskgan --supervise": "plain_gan",
    "taskgan --supervise target source --refine": "source_supervised_taskgan_refined",
    "taskgan --supervise source target --unlabelled DIR/more --refine":
        "source_supervised_taskgan_unlabelled_refined",
    "taskgan_forward --refine-on paired --pairs DIR/pairs": "source_paired",
    "cycle_taskgan --supervise source --direction forward --target-labels none":
        "cycle_taskgan_unlabelled_forward",
    "rcan --refine --randomized DIR/random --rcan.steps 5": "rcan_refined",
    "rcan --canonical.steps 5 --randomized DIR/random": "rcan",
    "dann --supervise source target": "dann_labelled",
    "randomized_per_frame_fine_tuned --randomized DIR/random": "randomized_fine_tuned",
}  # fmt: skip


@pytest.mark.parametrize(("said", "method"), SWITCHED.items())
def test_a_family_and_its_switches_are_a_method(monkeypatch, capsys, said, method):
    asked = {}
    monkeypatch.setattr(training, "train_on_folders", lambda *given: asked.update(given=given))
    code, message = crossgap(monkeypatch, capsys, "train", *said.split(), *PAIR)
    assert code == 0, message
    name, config, _, beside = asked["given"]
    assert name == method
    assert config.canonical.steps == (5 if "steps 5" in said else 2200)
    folders = {key for key, path in vars(beside).items() if isinstance(path, Path)}
    assert folders == set(re.findall(r"--(\w+) DIR", said))
    assert (beside.target_labels == "all") == ("--target-labels" not in said)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "taskgan --supervise source --refine",
            ["no 'taskgan --supervise source --refine'", "; taskgan;"],
        ),
        ("taskgan --task-loss-only --unlabelled DIR/more", ["Available: taskgan --supervise;"]),
        ("taskgan --refinement.steps 7", ["'taskgan_inverse' (taskgan) does not use --refinement"]),
        ("taskgan_forward --supervise --pairs DIR/pairs", ["'plain_gan_forward'", "does not use --pairs"]),
        ("fine_tuned --translator.steps 7", ["--translator.steps"]),
        ("fine_tuned --refine", ["--refine"]),
        ("source_only --unlabelled DIR/more", ["--unlabelled"]),
        ("target_only --target-labels none", ["--target-labels"]),
    ],
)
def test_what_a_method_does_not_use_is_an_error(monkeypatch, capsys, folders, tmp_path, said, words):
    code, message = crossgap(
        monkeypatch, capsys, "train", *(a.replace("DIR", str(tmp_path)) for a in (*said.split(), *PAIR))
    )
    assert code == 2
    assert all(word in message for word in words), message
    assert not (tmp_path / "new").exists()


def test_checkpoint_cut_in_half_and_of_another_method(monkeypatch, capsys, folders, tmp_path):
    run = tmp_path / "run"
    assert train(monkeypatch, capsys, folders, "fine_tuned", run)[0] == 0
    for name in ("source_only", "fine_tuned"):
        weights = run / "models" / name / "task_model.safetensors"
        whole = weights.read_bytes()
        weights.write_bytes(whole[: len(whole) // 2])
        code, message = crossgap(monkeypatch, capsys, "evaluate", weights.parent, "--data", folders[1])
        assert code == 2
        assert "task_model.safetensors" in message
        assert "cut short" in message
        weights.write_bytes(whole)
    (run / "models" / "fine_tuned").rename(run / "models" / "target_only")
    code, message = train(monkeypatch, capsys, folders, "target_only", run)
    assert code == 2
    assert "'fine_tuned'" in message
    assert "'target_only'" in message


def test_a_mistake_that_is_mended_does_not_stand_in_the_way(monkeypatch, capsys, folders, tmp_path):
    table = folders[1] / "labels.csv"
    right = table.read_text()
    table.write_text(right.replace("angle", "angel"))
    code, error = train(monkeypatch, capsys, folders, "fine_tuned", tmp_path / "run")
    assert code == 2
    assert "--target labels angel" in error
    assert not (tmp_path / "run").exists()
    table.write_text(right)
    assert train(monkeypatch, capsys, folders, "source_only", tmp_path / "run")[0] == 0


def test_a_model_of_other_labels_does_not_move_the_arm(monkeypatch, capsys, folders, tmp_path):
    assert train(monkeypatch, capsys, folders, "source_only", tmp_path / "run")[0] == 0
    model = tmp_path / "run" / "models" / "source_only"
    code, error = crossgap(monkeypatch, capsys, "evaluate", model, "--starts", 1)
    assert code == 2
    assert "predicts angle. Expected joint_velocity_1" in error


@pytest.mark.parametrize(("preset", "seeds"), [("smoke", 1), ("quick", 1), ("full", 3), ("paper", 3)])
def test_how_many_seeds_a_reproduction_has(monkeypatch: pytest.MonkeyPatch, preset, seeds) -> None:
    asked = []
    monkeypatch.setattr(Mico, "parts", lambda _, count: asked.append(count) or 1 / 0)
    for given in (None, 2):
        with pytest.raises(ZeroDivisionError):
            reproduce("mico", preset, given)
    assert asked == [seeds, 2]


@pytest.mark.parametrize(
    ("argument", "now"),
    [
        ("--canonical.steps", "--rcan.steps"),
        ("--canonical.task-weight=3", "--rcan.task-weight=3"),
        ("--output=out_a/run_1.v2", "--output=out_a/run_1.v2"),
        ("--results=my_results.d/x_1", "--results=my_results.d/x_1"),
        ("canonical.steps", "canonical.steps"),
        ("--translator.task_weight", "--translator.task_weight"),
    ],
)
def test_an_option_has_its_name_of_now_and_a_value_stays_as_it_is(argument: str, now: str) -> None:
    assert as_now(argument) == now


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ("taskgan --refine", "taskgan"),
        ("nonsense --source a", "nonsense"),
        ("--source a --target b fine_tuned --output c", "fine_tuned"),
        ("--output fine_tuned --source a source_only", "source_only"),
        ("--output=fine_tuned source_only", "source_only"),
        ("--source a --refine taskgan --target b", "taskgan"),
        ("--source a --output x nonsense", "nonsense"),
        ("--help", ""),
        ("", ""),
    ],
)
def test_which_argument_says_what_others_there_are(words: str, chosen: str) -> None:
    found, rest = _chosen(dict.fromkeys(("taskgan", "fine_tuned", "source_only"), ""), words.split())
    assert found == chosen
    assert sorted([*rest, *([found] if found else [])]) == sorted(words.split())


def test_what_is_refused_changes_no_run(monkeypatch, capsys, folders, tmp_path) -> None:
    run = tmp_path / "run"
    assert train(monkeypatch, capsys, folders, "source_only", run)[0] == 0
    before = (run / "config.json").read_text()
    code, error = train(monkeypatch, capsys, folders, "target_only", run, "--seed", 1, "--target.steps", 7)
    assert code == 2
    assert "holds another run: seed is 0 there, 1 here" in error
    assert (run / "config.json").read_text() == before
    assert train(monkeypatch, capsys, folders, "target_only", run, "--target.steps", 2)[0] == 0
    assert json.loads((run / "config.json").read_text())["config"]["target"]["steps"] == 2


def test_what_is_wrong_is_said_in_the_words_of_the_command(monkeypatch, capsys, folders, tmp_path) -> None:
    _, error = train(monkeypatch, capsys, folders, "nonsense", tmp_path / "run")
    assert "Method 'nonsense' not found. Available: " in error
    assert "oracle" not in error  # of which nobody has the data
    pair = ("--source", folders[0], "--target", folders[1], "--output", tmp_path / "run")
    _, error = crossgap(monkeypatch, capsys, "train", "rcan", *pair, "--rcan.steps", 0)
    assert "--rcan.steps must be at least 1; got 0" in error
    _, error = crossgap(
        monkeypatch, capsys, "train", "baseline", *pair, "--randomized", folders[0], "--source.steps", 4
    )
    assert "does not use --source.*. Its settings are --networks, --randomization" in error
    code, error = crossgap(monkeypatch, capsys, "trian", "x")
    assert code == 2
    assert "Verb 'trian' not found. Did you mean train? Available: adapt, budget, collect" in error


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("demo --preset quik", "Value 'quik' not found. Did you mean quick?"),
        ("demo --look target_bb", "Did you mean target_b?"),
        ("train taskgan --supervise targt --source a --target b --output c", "Did you mean target?"),
        ("train fine_tune --source a --target b --output c", "Did you mean fine_tuned?"),
        ("reproduce taskgn", "Did you mean taskgan?"),
        ("reproduce rl_cyclegan --studies lader", "Did you mean ladder?"),
        ("data chek a", "Did you mean check?"),
    ],
)
def test_a_misspelt_name_is_told_the_one_that_may_be_meant(monkeypatch, capsys, said, words) -> None:
    code, message = crossgap(monkeypatch, capsys, *said.split())
    assert code == 2
    assert words in message


def test_help_shows_first_what_a_beginner_needs(monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "argv", ["crossgap", "train", "taskgan", "--help"])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr().out
    boxes = re.split(r"\n\W*\b([a-z -]*options) \W*\n", shown)
    names = boxes[1::2]
    assert names[:4] == ["options", "images options", "data options", "running options"]
    assert names.index("translator options") > 3
    wanted = {
        "options": "--source --target --output --refine --unlabelled",
        "images options": "--size --fit",
        "data options": "--labels --classes --skip-bad",
        "running options": "--seed --device",
    }
    for box, options in wanted.items():
        for option in options.split():
            assert box == next(
                name for name, text in zip(names, boxes[2::2], strict=True) if f" {option}" in text
            )
    assert "{None}" not in shown


def test_options_of_every_box_arrive(monkeypatch, capsys) -> None:
    asked = {}
    monkeypatch.setattr(training, "train_on_folders", lambda *given: asked.update(given=given))
    words = "--seed 3 --device cpu --size 96x128 --fit pad --labels a b --skip-bad --classes 4"
    code, message = crossgap(monkeypatch, capsys, "train", "fine_tuned", *PAIR, *words.split())
    assert code == 0, message
    given = asked["given"][2]
    assert (given.source, given.seed, given.device) == (Path("DIR/source"), 3, "cpu")
    assert (given.labels, given.skip_bad, given.classes) == (("a", "b"), True, 4)
    assert (given.images.size, given.images.fit) == ("96x128", "pad")


def test_the_list_of_methods_begins_with_three_and_is_no_wider_than_a_terminal(monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setattr(sys, "argv", ["crossgap", "methods"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].strip() == "try first"
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert listed[:3] == [
        "augmented", "augmented_fine_tuned", "source_supervised_taskgan_refined",
    ]  # fmt: skip
    assert set(listed) >= set(METHODS)


def test_help_on_adapt_does_without_what_takes_long_to_import() -> None:
    code = (
        "import sys\nsys.argv = ['crossgap', 'adapt', '--help']\nfrom crossgap.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'typeguard', 'asyncio', 'numpy', 'importlib.abc'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--source" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_may_be_none_is_written_so_that_it_is_told_at_once() -> None:
    @dataclass(frozen=True)
    class Inner:
        name: str | None = None

    @dataclass(frozen=True)
    class Outer:
        inner: Annotated[Inner, "kept"] = Inner()
        count: Annotated[int | None, "kept"] = None
        size: int = 3

    def told(outer: Outer, many: tuple[str, ...] | None = None) -> None: ...

    assert quick_to_check(told) is told
    assert get_args(told.__annotations__["many"]) == (NoneType, tuple[str, ...])
    assert get_origin(Inner.__annotations__["name"]) is Union
    assert Outer.__annotations__["count"].__metadata__ == ("kept",)
    assert get_origin(get_args(Outer.__annotations__["count"])[0]) is Union
    assert Outer.__annotations__["size"] is int
