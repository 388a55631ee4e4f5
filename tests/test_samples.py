"""Contact sheets of what a translator does, drawn while it trains."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from crossgap.core.trainer import Phase, Trainer
from crossgap.data.batches import Batches

GREY, STEPS = 0.2, 40


class Shift(Phase):
    """A network with a dropout, which evaluation leaves out; it draws random images beside others."""

    name, steps, learning_rate, log_every = "shift", STEPS, 0.1, 5

    def __init__(self, draws: bool = True):
        torch.manual_seed(0)
        self.images = Batches(torch.full((20, 3, 8, 8), GREY), torch.zeros(20, 0), 2, 1)
        self.network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Dropout(0.5))
        self.networks = {"network": self.network}
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters())}
        self.draws = draws

    def samples(self) -> dict[str, Tensor]:
        if not self.draws:
            return {}
        assert not self.network.training
        assert not torch.is_grad_enabled()
        x = self.images.shown(4)
        return {"x": x, "noise": torch.rand_like(x) + 0 * self.network(x)}

    def training_step(self, step: int) -> dict[str, Tensor]:
        loss = (self.parallel["network"](self.images(step)[0]) + torch.rand(1) - 1).square().mean()
        self.update("network", loss)
        return {"loss": loss}


def trained(folder: Path, fabric, draws: bool = True) -> dict[str, Tensor]:
    phase = Shift(draws)
    Trainer(folder, fabric, quiet=True).fit(phase)
    assert phase.network.training
    return phase.network.state_dict()


def test_sheets_are_drawn_now_and_then_and_at_the_end(tmp_path: Path, fabric) -> None:
    trained(tmp_path, fabric)
    sheets = sorted((tmp_path / "samples" / "shift").iterdir())
    assert [int(sheet.stem) for sheet in sheets] == list(range(5, STEPS + 1, 5))
    picture = np.asarray(Image.open(sheets[0]))
    assert picture.shape[1] == 4 * (128 + 4) - 4
    assert (picture[40] == round((GREY + 1) * 127.5)).all(axis=1).sum() == 4 * 128  # four images, in a row


def test_a_long_training_has_few_of_them(tmp_path: Path, fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shift, "steps", 150)
    trained(tmp_path, fabric)
    steps = [int(sheet.stem) for sheet in sorted((tmp_path / "samples" / "shift").iterdir())]
    assert steps == [5, 20, 40, 55, 75, 90, 110, 130, 145, 150]


def test_drawing_leaves_the_training_as_it_is(tmp_path: Path, fabric) -> None:
    drawn, undrawn = trained(tmp_path / "a", fabric), trained(tmp_path / "b", fabric, draws=False)
    assert not (tmp_path / "b" / "samples").exists()
    assert all(torch.equal(drawn[key], undrawn[key]) for key in drawn)


def test_the_images_shown_are_evenly_spaced() -> None:
    images = torch.arange(10.0)[:, None, None, None].expand(10, 3, 2, 2).contiguous()
    batches = Batches(images, torch.zeros(10, 0), 2, 1)
    assert batches.shown(4)[:, 0, 0, 0].tolist() == [0, 3, 6, 9]
    assert len(batches.shown(20)) == 10
    as_bytes = Batches(torch.full((3, 2, 2, 3), 255, dtype=torch.uint8), torch.zeros(3, 0), 2, 1)
    assert torch.equal(as_bytes.shown(2), torch.ones(2, 3, 2, 2))


def test_sheets_of_another_training_do_not_stay(tmp_path: Path, fabric) -> None:
    folder = tmp_path / "samples" / "shift"
    folder.mkdir(parents=True)
    for name in ("003000.png", "mine.png"):
        (folder / name).touch()
    trained(tmp_path, fabric)
    assert not (folder / "003000.png").exists()
    assert (folder / "mine.png").exists()
    (folder / "000005.png").write_bytes(b"")
    trained(tmp_path, fabric)  # with nothing left to do
    assert (folder / "000005.png").read_bytes() == b""
