"""Checkpoints as other disks and copies have them, and as a damaged disk gives them back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from crossgap.base.files import read_json, write_json
from crossgap.core.trainer import Phase, Trainer
from crossgap.core.weights import Checkpoint, newest_in
from crossgap.errors import CrossgapError

STEPS = 20


class Line(Phase):
    """Fits a line; what it takes from a checkpoint shows in its weights."""

    name, steps, learning_rate = "line", STEPS, 0.1

    def __init__(self, stop: int | None = None):
        self.network, self.stop, self.taken = nn.Linear(2, 1), stop, []
        with torch.no_grad():
            self.network.weight.fill_(0.5)
            self.network.bias.zero_()
        self.networks = {"linear": self.network}
        self.optimizers = {"linear": torch.optim.Adam(self.network.parameters(), 0.1)}

    def training_step(self, step: int) -> dict[str, torch.Tensor]:
        if step == self.stop:
            raise KeyboardInterrupt
        self.taken.append(step)
        images = torch.randn(4, 2)
        loss = (self.parallel["linear"](images) - images.sum(1, keepdim=True)).square().mean()
        self.update("linear", loss)
        return {"loss": loss}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints every 5 steps."""
    monkeypatch.setattr(Phase, "log_every", 5)
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)


@pytest.fixture
def stopped(tmp_path: Path, fabric) -> Path:
    """A run that was stopped after 12 of its 20 steps: its checkpoint is of 10."""
    with pytest.raises(KeyboardInterrupt):
        Trainer(tmp_path / "run", fabric, quiet=True).fit(Line(12))
    return tmp_path / "run"


def linked(folder: Path) -> None:
    """As runs were before `last` was a file."""
    (folder / "last").unlink()
    (folder / "last").symlink_to("000010")


def copied(folder: Path) -> None:
    """Such a run, copied with what follows links: scp -r, cp -rL, zip."""
    linked(folder)
    shutil.copytree(folder, folder.with_name("copy"), symlinks=False)
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)


def left_out(folder: Path) -> None:
    """Such a run, copied with what leaves links out: rsync -r."""
    (folder / "last").unlink()


def made_a_file(folder: Path) -> None:
    """Such a run, copied by git to where there are no links."""
    (folder / "last").write_text("000010")


@pytest.mark.parametrize("change", [None, linked, copied, left_out, made_a_file])
def test_a_copied_run_goes_on(stopped: Path, tmp_path: Path, fabric, change) -> None:
    Trainer(tmp_path / "alone", fabric, quiet=True).fit(whole := Line())
    folder = stopped / "checkpoints" / "line"
    if change is not None:
        change(folder)
    Trainer(stopped, fabric, quiet=True).fit(resumed := Line())
    assert resumed.taken == list(range(10, STEPS))
    assert torch.equal(resumed.network.weight, whole.network.weight)
    assert sorted(path.name for path in folder.iterdir()) == ["000020", "last"]
    Trainer(stopped, fabric, quiet=True).fit(again := Line(stop=0))
    assert torch.equal(again.network.weight, whole.network.weight)


def test_a_disk_without_links_is_trained_on(tmp_path: Path, fabric, monkeypatch, no_space) -> None:
    no_space(os, "symlink")
    no_space(Path, "symlink_to")
    Trainer(tmp_path, fabric, quiet=True).fit(Line())
    assert (tmp_path / "checkpoints" / "line" / "last").read_text() == "000020\n"


def fit(run: Path, fabric) -> None:
    Trainer(run, fabric, quiet=True).fit(Line())


@pytest.mark.parametrize("content", [b"", b"000011\n", b"../line/000010", b"\xff\xfe", b"/etc"])
def test_a_last_that_names_no_checkpoint(stopped: Path, fabric, content: bytes) -> None:
    last = stopped / "checkpoints" / "line" / "last"
    last.write_bytes(content)
    with pytest.raises(CrossgapError, match=rf"{last} is damaged: expected the name of .* Delete {last}"):
        fit(stopped, fabric)
    last.unlink()
    fit(stopped, fabric)


def test_flipped_bytes(stopped: Path, fabric) -> None:
    path = stopped / "checkpoints" / "line" / "000010" / "state.safetensors"
    content = bytearray(path.read_bytes())
    for index in (-3, -13):
        content[index] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(CrossgapError, match=rf"{path} is damaged or another.*delete {path.parent.parent}"):
        fit(stopped, fabric)


def change_about(run: Path, **about: object) -> None:
    path = run / "checkpoints" / "line" / "000010" / "state.json"
    write_json(path, read_json(path) | about)


@pytest.mark.parametrize("step", [10**9, 21, 15, -10, "10", 10.0, None, True])
def test_a_step_that_cannot_be(stopped: Path, fabric, step: object) -> None:
    change_about(stopped, step=step)
    folder = stopped / "checkpoints" / "line"
    with pytest.raises(
        CrossgapError, match=rf"state\.json is damaged: 'step' is .*, expected.*Delete {folder}"
    ):
        fit(stopped, fabric)


def test_a_checkpoint_of_more_steps_than_there_are(stopped: Path, fabric) -> None:
    folder = stopped / "checkpoints" / "line"
    (folder / "000010").rename(folder / "000025")
    (folder / "last").write_text("000025")
    about = read_json(folder / "000025" / "state.json")
    write_json(folder / "000025" / "state.json", about | {"step": 25})
    with pytest.raises(CrossgapError, match=r"'step' is 25, expected that of its folder's name, .* to 20"):
        fit(stopped, fabric)


@pytest.mark.parametrize("about", [[], {}, None, "x", {"phase": 3, "step": 10}])
def test_a_description_of_another_shape(stopped: Path, fabric, about: object) -> None:
    write_json(stopped / "checkpoints" / "line" / "000010" / "state.json", about)
    with pytest.raises(CrossgapError, match=r"checkpoint .*state\.json is damaged: .*expected .*Delete"):
        fit(stopped, fabric)


def renamed(key: str, new: str):
    return lambda tensors: {new if name == key else name: value for name, value in tensors.items()}


def without(key: str):
    return lambda tensors: {name: value for name, value in tensors.items() if name != key}


def reshaped(key: str):
    return lambda tensors: tensors | {key: torch.zeros(7)}


MOMENT = "optimizer.linear.0.exp_avg"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (renamed(MOMENT, "optimizer.linear.7.exp_avg"), "optimizer state of weight 7 of 2"),
        (renamed(MOMENT, "optimizer.linear.-1.exp_avg"), "optimizer state of weight -1 of 2"),
        (renamed(MOMENT, "optimizer.linear.x.exp_avg"), "optimizer state of weight x of 2"),
        (without(MOMENT), "the optimizer state of some weights lacks parts"),
        (reshaped(MOMENT), r"exp_avg of weight 0 is of \[7\], expected \[1, 2\]"),
        (without("rng.cpu"), "rng.cpu"),
        (reshaped("rng.cpu"), "RNG state must be"),
        (without("network.linear.bias"), "bias is absent there, of shape"),
    ],
)
def test_a_state_of_other_parts(stopped: Path, fabric, change, problem: str) -> None:
    path = stopped / "checkpoints" / "line" / "000010" / "state.safetensors"
    save_file(change(load_file(path)), path)
    change_about(stopped, sha256=None)  # as before there were digests
    with pytest.raises(CrossgapError, match=rf"state\.safetensors does not fit this .*{problem}.*elete "):
        fit(stopped, fabric)


def test_a_checkpoint_of_before_there_were_digests_goes_on(stopped: Path, fabric) -> None:
    path = stopped / "checkpoints" / "line" / "000010" / "state.json"
    about = read_json(path)
    del about["sha256"]
    write_json(path, about)
    Trainer(stopped, fabric, quiet=True).fit(resumed := Line())
    assert resumed.taken[0] == 10


def test_no_checkpoint_yet(tmp_path: Path) -> None:
    assert newest_in(tmp_path / "none") is None
    assert Checkpoint(tmp_path / "none", Line(), STEPS).load_last() == 0
