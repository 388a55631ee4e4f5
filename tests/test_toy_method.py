"""A new method is one folder: listed, trained and recorded as any other, with options of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import tyro

import crossgap.methods
from crossgap.cli.methods import methods as list_methods
from crossgap.cli.train import command, names
from crossgap.core.trainer import Trainer
from crossgap.data import write_folder
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.registry import METHODS

ENTRY = '''
from dataclasses import dataclass

from crossgap.methods.registry import Method, enter


@dataclass(frozen=True)
class ToyConfig:
    """Of the toy."""

    steps: int = 2
    """Steps of Adam."""
    share: float = 0.0
    """Of nothing."""


enter("toy", Method("a toy", "crossgap.methods.toy.recipe:toy", settings=("source",), own=ToyConfig()), 60)
'''
RECIPE = '''
from crossgap.methods.supervised import Supervised


def toy(methods, name):
    """f_X trained on with the target images."""
    task_model, config = methods.get("source_only").task_model, methods.own(name)
    data = [methods.batches(methods.target, 4, 10)]
    methods.fit(name, Supervised(name, task_model, data, config.steps, 1e-3, methods.scale.loss))
    return methods.adapted(task_model)
'''
TINY = TaskGANConfig(NetworkConfig(4, 8, 4, 1, 4), source=SupervisedConfig(3, 4))
OPTIONS = ("--source.steps", "3", "--source.batch", "4", "--networks.task-width", "4", "--device", "cpu")


@pytest.fixture(autouse=True)
def toy_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder that nothing names, where methods are looked for."""
    folder = tmp_path / "more" / "toy"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(ENTRY)
    (folder / "recipe.py").write_text(RECIPE)
    monkeypatch.setattr(crossgap.methods, "__path__", [*crossgap.methods.__path__, str(tmp_path / "more")])
    yield
    METHODS._things.pop("toy", None)
    for name in ("crossgap.methods.toy", "crossgap.methods.toy.recipe"):
        sys.modules.pop(name, None)


@pytest.fixture
def folders(toy, tmp_path: Path) -> tuple[str, ...]:
    for name in ("source", "target"):
        write_folder(tmp_path / name, toy(name, 8, 1 + len(name)))
    paths = (f"--{name}={tmp_path / name}" for name in ("source", "target"))
    return (*paths, f"--output={tmp_path / 'run'}", *OPTIONS)


def test_it_is_listed_among_the_others(capsys) -> None:
    assert list(METHODS)[-2:] == ["toy", "oracle"]
    assert names()["toy"] == "a toy"
    list_methods()
    assert "a toy" in capsys.readouterr().out


def test_python_trains_it_and_knows_it_again(toy, fabric, tmp_path: Path) -> None:
    def methods(**own) -> Methods:
        config = TaskGANConfig(TINY.networks, TINY.source, own=own)
        return Methods(
            toy("source", 8, 1), toy("target", 8, 2), config, Trainer(tmp_path, fabric, quiet=True)
        )

    model = methods().get("toy")
    assert model.made_of["config"].keys() == {"networks", "source", "toy"}
    assert model.made_of["config"]["toy"] == {"steps": 2, "share": 0.0}
    written = (tmp_path / "models" / "toy" / "task_model.safetensors").stat().st_mtime_ns
    methods().get("toy")
    assert (tmp_path / "models" / "toy" / "task_model.safetensors").stat().st_mtime_ns == written
    other = type(METHODS["toy"].own)(steps=3)
    with pytest.raises(CrossgapError, match=r"toy holds another training: --toy\.steps is 2 there, 3 here"):
        methods(toy=other).get("toy")
    methods(toy=other).get("source_only")  # which has nothing to do with it
    with pytest.raises(CrossgapError, match=r"settings of its own 'tog' not found.*Available: toy"):
        methods(tog=other)


def test_the_command_line_has_its_options_and_no_others(folders, tmp_path: Path, capsys) -> None:
    tyro.cli(command("toy"), args=[*folders, "--toy.steps", "4"])
    model = AdaptedModel.load(tmp_path / "run" / "models" / "toy")
    assert model.made_of["config"]["toy"]["steps"] == 4
    run = json.loads((tmp_path / "run" / "config.json").read_text())
    assert run["config"]["toy"] == {"steps": 4, "share": 0.0}
    for unknown in ("--translator.steps", "--pairs", "--target-labels", "--toy.rate"):
        capsys.readouterr()
        with pytest.raises(SystemExit):
            tyro.cli(command("toy"), args=[*folders, unknown, "4"])
        assert unknown in capsys.readouterr().err
    with pytest.raises(SystemExit):
        tyro.cli(command("fine_tuned"), args=[*folders, "--toy.steps", "4"])


def test_it_joins_a_run_that_did_not_know_it(folders, tmp_path: Path) -> None:
    tyro.cli(command("source_only"), args=[*folders])
    tyro.cli(command("toy"), args=[*folders])
    tyro.cli(command("source_only"), args=[*folders])
    assert {path.name for path in (tmp_path / "run" / "models").glob("[!.]*")} == {"source_only", "toy"}
    with pytest.raises(CrossgapError, match=r"holds another run: --toy\.steps is 2 there, 3 here"):
        tyro.cli(command("toy"), args=[*folders, "--toy.steps", "3"])
