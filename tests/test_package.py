"""The package: its public names, and what may not be imported with them."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import crossgap
from crossgap.data import LabelScale
from crossgap.deploy.adapted import AdaptedModel
from crossgap.moved import MOVED
from crossgap.networks import Generator, TaskModel


def test_every_public_name_is_there_and_from_where_it_says() -> None:
    for name in crossgap.__all__:
        assert getattr(crossgap, name).__name__ == name
    assert set(crossgap.__all__) == set(crossgap._WHERE)


def test_simulation_and_data_import_no_torch(python) -> None:
    code = "import sys, crossgap.simulation.reach3.environment, crossgap.data; print('torch' in sys.modules)"
    assert python(code).stdout == "False\n"


def test_the_opengl_check_needs_the_standard_library_alone() -> None:
    script = Path(__file__).parents[1] / "scripts" / "check_opengl.py"
    done = subprocess.run([sys.executable, "-S", "-I", script], capture_output=True, text=True, check=False)
    assert "Error" not in done.stderr
    assert "libegl1" in done.stdout


ROBOT = """
import os, sys
from pathlib import Path

ABSENT = {
    "mujoco", "gymnasium", "tyro", "lightning_fabric", "matplotlib", "kornia", "jinja2", "tensorboard",
    "pyarrow", "torchmetrics", "ray",
}


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Blocked())
before = {name: value for name, value in os.environ.items()}

import numpy as np
from crossgap import AdaptedModel, Goggles, ReachPolicy
from crossgap.deploy.policy import load_goggles, save_goggles
from crossgap.networks import Generator

here = Path(sys.argv[1])
images = np.load(here / "images.npy")
np.save(here / "predicted.npy", AdaptedModel.load(here / "model").predict(images))
save_goggles(Generator(4, 1), here / "goggles")
assert Goggles(None, load_goggles(here / "goggles")).translate(images).shape == images.shape
assert ReachPolicy.load

assert not {name for name in os.environ.items() if "GL" in name[0]} - set(before.items()), os.environ
loaded = {name for name in sys.modules if name.startswith("crossgap.")}
rooms = {name.split(".")[1] for name in loaded}
assert rooms <= {"errors", "moved", "base", "networks", "data", "core", "deploy", "losses"}, sorted(loaded)
"""


def test_a_robot_needs_no_simulator(python, tmp_path: Path) -> None:
    torch.manual_seed(0)
    scale = LabelScale((1.0, -2.0), (0.5, 3.0))
    model = AdaptedModel(TaskModel(2, 24, 4, 8), scale, ("x", "y"), 24, Generator(4, 1))
    model.save(tmp_path / "model")
    images = np.random.default_rng(0).integers(0, 256, (3, 24, 24, 3), np.uint8)
    np.save(tmp_path / "images.npy", images)
    done = python(ROBOT, tmp_path)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "predicted.npy"), model.predict(images), rtol=1e-5)


@pytest.mark.parametrize(
    ("module", "name", "now"),
    [
        ("policy", "ReachPolicy", "deploy.policy"),
        ("adapted", "AdaptedModel", "deploy.adapted"),
        ("training", "Trainer", "core.trainer"),
        ("training", "make_fabric", "core.fabric"),
        ("training", "Phase", "core.trainer"),
        ("config", "TaskGANConfig", "methods.config"),
        ("config", "Collection", "collection"),
        ("config", "PRESETS", "experiments.taskgan.presets"),
        ("catalog", "Methods", "methods.methods"),
        ("catalog", "METHODS", "methods.registry"),
        ("evaluation", "paired_difference", "core.statistics"),
        ("experiments.xarm7_goggles", "Goggles", "deploy.policy"),
        ("experiments.xarm7_goggles", "load_goggles", "deploy.policy"),
        ("experiments.xarm7_goggles", "Adaptation", "experiments.xarm7.adaptation"),
        ("data", "collect", "simulation.collect"),
        ("data", "Collection", "collection"),
        ("runs", "open_run", "core.runs"),
        ("files", "write_json", "base.files"),
        ("experiments.xarm7_rollouts", "scaled", "experiments.xarm7.rollouts"),
        ("simulation.xarm7_velocity", "Limits", "simulation.xarm7.velocity"),
        ("catalog.methods", "Methods", "methods.methods"),
        ("catalog.methods", "check_pair", "data.overlap"),
        ("checkpoints", "Checkpoint", "core.weights"),
        ("weights", "load_network", "core.weights"),
        ("weights", "checked_device", "core.fabric"),
        ("metrics", "read_metrics", "core.trainer"),
        ("progress", "track", "base.progress"),
        ("data.replay", "Replay", "rl.replay"),
        ("networks.generator", "Generator", "networks.taskgan"),
        ("networks.task_model", "TaskModel", "networks.taskgan"),
        ("simulation.looks", "RoomLook", "simulation.base.looks"),
        ("simulation.looks", "get_target_look", "simulation.reach3.looks"),
        ("simulation.randomization", "RANDOMIZATIONS", "simulation.base.randomization"),
        ("simulation.worlds", "WORLDS", "simulation.registry"),
        ("simulation.worlds", "MICO", "simulation.mico"),
        ("simulation.xarm7_looks", "XArm7Look", "simulation.xarm7.looks"),
        ("simulation.xarm7_pick_place", "XArm7PickPlaceEnv", "simulation.xarm7.pick_place"),
        ("simulation", "REACH3", "simulation.reach3"),
        ("simulation", "XARM7_REACH", "simulation.xarm7"),
        ("simulation", "XARM7_PICK_PLACE", "simulation.xarm7"),
    ],
)
def test_a_name_where_it_was_says_where_it_is(module: str, name: str, now: str) -> None:
    room = importlib.import_module(f"crossgap.{module}")
    with pytest.warns(DeprecationWarning, match=rf"crossgap\.{module}\.{name} is in crossgap\.{now} now"):
        found = getattr(room, name)
    assert found is getattr(importlib.import_module(f"crossgap.{now}"), name)


LEFT = """
import pathlib, sys, warnings

import crossgap

for name in ("catalog/__pycache__", "files"):
    (pathlib.Path(sys.argv[1]) / name).mkdir(parents=True)
pathlib.Path(sys.argv[1], "config.py").write_text("MINE = 1")
crossgap.__path__.append(sys.argv[1])
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
from config import MINE  # a user's own module of such a name
from crossgap.catalog import METHODS
from crossgap.files import write_json
try:
    import policy
except ModuleNotFoundError:
    print("as it was", MINE)
"""


def test_a_folder_that_git_left_behind_hides_nothing(python, tmp_path: Path) -> None:
    done = python(LEFT, tmp_path)
    assert done.stdout == "as it was 1\n", done.stderr


def test_a_name_that_never_was() -> None:
    for module in MOVED:
        with pytest.raises(AttributeError, match=f"module 'crossgap.{module}' has no attribute 'never'"):
            _ = importlib.import_module(f"crossgap.{module}").never
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("crossgap.never")
