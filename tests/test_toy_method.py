"""A new method is one folder, that of docs/architecture.md: listed, trained and recorded as any other."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tyro

import crossgap.methods
from crossgap.cli.train import command, names
from crossgap.cli.verbs import methods as list_methods
from crossgap.core.trainer import Trainer
from crossgap.data import write_folder
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.registry import METHODS
from crossgap.networks.registry import NETWORKS
from walkthroughs import walkthrough

TINY = TaskGANConfig(NetworkConfig(4, 8, 4, 1, 4), source=SupervisedConfig(3, 4))
OPTIONS = ("--source.steps", "3", "--source.batch", "4", "--networks.task-width", "4", "--device", "cpu")


@pytest.fixture(autouse=True)
def toy_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder that nothing names, where methods are looked for."""
    more = str(walkthrough("methods", tmp_path / "more"))
    monkeypatch.setattr(crossgap.methods, "__path__", [*crossgap.methods.__path__, more])
    yield
    METHODS._things.pop("tint", None)
    NETWORKS.pop("Shift", None)
    for name in ("crossgap.methods.tint", "crossgap.methods.tint.recipe"):
        sys.modules.pop(name, None)


@pytest.fixture
def folders(toy, tmp_path: Path) -> tuple[str, ...]:
    for name in ("source", "target"):
        write_folder(tmp_path / name, toy(name, 8, 1 + len(name)))
    paths = (f"--{name}={tmp_path / name}" for name in ("source", "target"))
    return (*paths, f"--output={tmp_path / 'run'}", *OPTIONS)


def test_it_is_listed_among_the_others(capsys) -> None:
    places = [list(METHODS).index(name) for name in ("source_only", "taskgan_inverse", "tint", "oracle")]
    assert places == sorted(places)
    assert names()["tint"] == "f_X behind a shift of the mean colour"
    list_methods()
    assert "f_X behind a shift of the mean colour" in " ".join(capsys.readouterr().out.split())


def test_python_trains_it_and_knows_it_again(toy, fabric, tmp_path: Path) -> None:
    def methods(**own) -> Methods:
        config = TaskGANConfig(TINY.networks, TINY.source, own=own)
        return Methods(
            toy("source", 8, 1), toy("target", 8, 2), config, Trainer(tmp_path, fabric, quiet=True)
        )

    made = methods()
    model = made.get("tint")
    images = {side: getattr(made, side).images.astype(float) for side in ("source", "target")}
    shifted = model.translate(made.target.images).astype(float)
    gap, left = (
        abs(x - images["source"].mean((0, 1, 2))).max()
        for x in (images["target"].mean((0, 1, 2)), shifted.mean((0, 1, 2)))
    )
    assert left < 0.2 * gap  # but for what is cut at black and white
    assert model.made_of["config"].keys() == {"networks", "source", "tint"}
    assert model.made_of["config"]["tint"] == {"share": 1.0}
    written = (tmp_path / "models" / "tint" / "task_model.safetensors").stat().st_mtime_ns
    methods().get("tint")
    assert (tmp_path / "models" / "tint" / "task_model.safetensors").stat().st_mtime_ns == written
    other = type(METHODS["tint"].own)(share=0.5)
    with pytest.raises(CrossgapError, match=r"another training: --tint\.share is 1\.0 there, 0\.5 here"):
        methods(tint=other).get("tint")
    methods(tint=other).get("source_only")  # which has nothing to do with it
    with pytest.raises(CrossgapError, match=r"settings of its own 'tog' not found.*Available: .*tint"):
        methods(tog=other)


def test_the_command_line_has_its_options_and_no_others(folders, tmp_path: Path, capsys) -> None:
    tyro.cli(command("tint"), args=[*folders, "--tint.share", "0.5"])
    model = AdaptedModel.load(tmp_path / "run" / "models" / "tint")
    assert model.made_of["config"]["tint"]["share"] == 0.5
    run = json.loads((tmp_path / "run" / "config.json").read_text())
    assert run["config"]["tint"] == {"share": 0.5}
    for unknown in ("--translator.steps", "--pairs", "--target-labels", "--tint.rate"):
        capsys.readouterr()
        with pytest.raises(SystemExit):
            tyro.cli(command("tint"), args=[*folders, unknown, "4"])
        assert unknown in capsys.readouterr().err
    with pytest.raises(SystemExit):
        tyro.cli(command("fine_tuned"), args=[*folders, "--tint.share", "0.5"])


def test_its_model_is_loaded_where_nobody_has_imported_it(toy, fabric, tmp_path: Path) -> None:
    config = TaskGANConfig(TINY.networks, TINY.source)
    made = Methods(toy("source", 8, 1), toy("target", 8, 2), config, Trainer(tmp_path, fabric, quiet=True))
    images = made.target.images
    expected = made.get("tint").translate(images)
    NETWORKS.pop("Shift")
    sys.modules.pop("crossgap.methods.tint.recipe")
    np.testing.assert_array_equal(AdaptedModel.load(tmp_path / "models" / "tint").translate(images), expected)
    about = tmp_path / "models" / "tint" / "adapted.json"
    NETWORKS.pop("Shift")
    about.write_text(about.read_text().replace("crossgap.methods.tint.recipe", "os.path"))
    with pytest.raises(CrossgapError, match=r"network 'Shift' not found\..* Import os\.path before"):
        AdaptedModel.load(tmp_path / "models" / "tint")  # a file makes no other code run


def test_it_joins_a_run_that_did_not_know_it(folders, tmp_path: Path) -> None:
    tyro.cli(command("source_only"), args=[*folders])
    tyro.cli(command("tint"), args=[*folders])
    tyro.cli(command("source_only"), args=[*folders])
    assert {path.name for path in (tmp_path / "run" / "models").glob("[!.]*")} == {"source_only", "tint"}
    with pytest.raises(CrossgapError, match=r"holds another run: --tint\.share is 1\.0 there, 0\.5 here"):
        tyro.cli(command("tint"), args=[*folders, "--tint.share", "0.5"])
