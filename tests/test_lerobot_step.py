"""Goggles as a step of LeRobot's pipelines; with LeRobot itself where it is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from crossgap.data.preparation import Preparation
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.lerobot_step import PREPROCESSOR, GogglesStep, put_on
from crossgap.errors import CrossgapError
from crossgap.networks import Generator

FRONT, SIDE, STATE = "observation.images.front", "observation.images.side", "observation.state"
STEPS = ("rename_observations_processor", "to_batch_processor", "device_processor", "normalizer_processor")


def model(size: int = 24, prepared: bool = False) -> AdaptedModel:
    torch.manual_seed(0)
    found = AdaptedModel(None, None, (), size, Generator(4, 1))
    found.preparation = Preparation((size, size)) if prepared else None
    return found


class Feature(NamedTuple):
    """LeRobot's description of what a policy sees."""

    type: str
    shape: tuple[int, ...]


def policy(path: Path) -> Path:
    path.mkdir()
    steps = [{"registry_name": name, "config": {}} for name in STEPS]
    (path / PREPROCESSOR).write_text(json.dumps({"name": "policy_preprocessor", "steps": steps}))
    (path / "model.safetensors").write_bytes(b"weights that nobody touches")
    return path


def seen(size: int = 24) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    images = {key: torch.rand(2, 3, size, size) for key in (FRONT, SIDE)}
    return {**images, STATE: torch.ones(2, 7)}


def test_a_step_shows_what_the_model_does() -> None:
    step, given = GogglesStep.of(model()), seen()
    found = step({"observation": given, "action": None})
    assert found["action"] is None
    assert torch.equal(found["observation"][STATE], given[STATE])
    for key in (FRONT, SIDE):
        as_bytes = given[key].mul(255).round().byte().permute(0, 2, 3, 1).numpy()
        wanted = model().translate(as_bytes)
        levels = found["observation"][key].mul(255).permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(levels, wanted, atol=3)  # bytes were rounded before, too
    single = step.observation({FRONT: given[FRONT][0]})[FRONT]
    torch.testing.assert_close(single, found["observation"][FRONT][0], atol=1e-5, rtol=0)


def test_a_step_changes_the_cameras_that_it_is_told_to() -> None:
    given = seen()
    found = GogglesStep.of(model(), [SIDE]).observation(given)
    assert torch.equal(found[FRONT], given[FRONT])
    assert not torch.equal(found[SIDE], given[SIDE])
    with pytest.raises(
        CrossgapError, match=r"Camera 'observation\.images\.top' not found\. Did you .*Available: .*front"
    ):
        GogglesStep.of(model(), ["observation.images.top"]).observation(given)


def test_images_of_a_camera_are_prepared_as_in_training() -> None:
    assert GogglesStep.of(model(prepared=True)).observation(seen(48))[FRONT].shape == (2, 3, 24, 24)
    with pytest.raises(CrossgapError, match=r"Images of 48×48 pixels, the goggles take 24×24.*--size"):
        GogglesStep.of(model()).observation(seen(48))


def test_several_steps_of_a_batch_and_a_camera_without_a_name() -> None:
    step, given = GogglesStep.of(model()), seen()[FRONT]
    steps = torch.stack([given, given.flip(0)], 1)  # (B, T, 3, H, W)
    found = step.observation({FRONT: steps})[FRONT]
    assert found.shape == steps.shape
    wanted = step.observation({FRONT: given})[FRONT]
    torch.testing.assert_close(found[:, 0], wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(found[:, 1], wanted.flip(0), atol=1e-5, rtol=0)
    alone = step.observation({"observation.image": given})["observation.image"]
    assert not torch.equal(alone, given)
    image, state = Feature("VISUAL", (3, 48, 48)), Feature("STATE", (7,))
    features = {"observation": {"observation.image": image, STATE: state}}
    changed = step.transform_features(features)["observation"]
    assert [changed[key].shape for key in ("observation.image", STATE)] == [(3, 24, 24), (7,)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda images: images.mul(255).byte(),
            r"front: images of torch.uint8. Expected numbers from 0 to 1",
        ),
        (lambda images: images * 255, r"front: images from .* to 2\d\d"),
        (lambda images: images * 2 - 1, r"front: images from -"),
        (lambda images: images.permute(0, 2, 3, 1), r"front: images of shape \(2, 24, 24, 3\)"),
    ],
)
def test_images_that_are_none_of_lerobot_s(change: Callable, problem: str) -> None:
    with pytest.raises(CrossgapError, match=problem):
        GogglesStep.of(model()).observation({FRONT: change(seen()[FRONT])})


def test_a_pipeline_s_file_alone_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil_step.py").write_text("raise SystemExit('ran')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CrossgapError, match="which no file may call by itself"):
        GogglesStep({"factory": "evil_step:make"}, 24)
    assert "evil_step" not in sys.modules
    with pytest.raises(CrossgapError, match="Network 'Nobodys' not found"):
        GogglesStep({"name": "Nobodys", "arguments": {}, "module": "evil_step"}, 24)
    assert "evil_step" not in sys.modules


def test_a_policy_wears_goggles_and_is_what_it_was(tmp_path: Path) -> None:
    model().save(tmp_path / "goggles")
    put_on(policy(tmp_path / "act"), tmp_path / "goggles", tmp_path / "worn")
    steps = json.loads((tmp_path / "worn" / PREPROCESSOR).read_text())["steps"]
    assert [one.get("registry_name", "goggles") for one in steps] == [*STEPS[:3], "goggles", STEPS[3]]
    assert steps[3]["class"] == "crossgap.deploy.lerobot_step.GogglesStep"
    again = GogglesStep(**steps[3]["config"])  # as LeRobot makes it
    again.load_state_dict(load_file(tmp_path / "worn" / steps[3]["state_file"]))
    given = seen()
    assert torch.equal(again.observation(given)[FRONT], GogglesStep.of(model()).observation(given)[FRONT])
    own = (tmp_path / "act" / "model.safetensors").read_bytes()
    assert (tmp_path / "worn" / "model.safetensors").read_bytes() == own
    with pytest.raises(CrossgapError, match="exists already"):
        put_on(tmp_path / "act", tmp_path / "goggles", tmp_path / "worn")
    with pytest.raises(CrossgapError, match="wears goggles already"):
        put_on(tmp_path / "worn", tmp_path / "goggles", tmp_path / "twice")
    with pytest.raises(CrossgapError, match="LeRobot saved"):
        put_on(tmp_path, tmp_path / "goggles", tmp_path / "none")


REAL = """
import sys, torch
sys.path[:0] = {ours!r}
from lerobot_package import stand_in_for_torchvision
stand_in_for_torchvision()
from lerobot.processor import PolicyProcessorPipeline, ObservationProcessorStep
from crossgap.deploy.lerobot_step import GogglesStep
assert issubclass(GogglesStep, ObservationProcessorStep)
pipeline = PolicyProcessorPipeline.from_pretrained({folder!r}, config_filename="policy_preprocessor.json")
given = torch.load({given!r})
torch.save(pipeline(given), {found!r})
"""


@pytest.mark.slow
def test_lerobot_itself_loads_it(tmp_path: Path) -> None:
    """In LeRobot's own environment (`scripts/setup_lerobot.sh`), with our packages behind its own."""
    root = Path(__file__).parents[1]
    python = Path(os.environ.get("CROSSGAP_LEROBOT", root / ".lerobot")) / "bin" / "python"
    if not python.exists():
        pytest.skip("LeRobot is not here: scripts/setup_lerobot.sh")
    model().save(tmp_path / "goggles")
    folder = put_on(_real(policy(tmp_path / "act")), tmp_path / "goggles", tmp_path / "worn")
    given = seen()
    torch.save(given, tmp_path / "given.pt")
    behind = str(Path(np.__file__).parents[1])
    script = REAL.format(
        ours=[str(root / "src"), str(Path(__file__).parent)], folder=str(folder),
        given=str(tmp_path / "given.pt"), found=str(tmp_path / "found.pt"),
    )  # fmt: skip
    script = f"import sys; sys.path.append({behind!r})\n{script}"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = torch.load(tmp_path / "found.pt")
    torch.testing.assert_close(found[FRONT], GogglesStep.of(model()).observation(given)[FRONT])


def _real(folder: Path) -> Path:
    """Only steps that need no settings of a policy."""
    about = json.loads((folder / PREPROCESSOR).read_text())
    about["steps"] = [{"registry_name": "to_batch_processor", "config": {}}]
    (folder / PREPROCESSOR).write_text(json.dumps(about))
    return folder
