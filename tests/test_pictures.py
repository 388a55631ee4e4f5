"""Folders of pictures, of any size and in pairs, and the training of a method that learns images alone."""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from crossgap.base.files import read_json
from crossgap.cli import run
from crossgap.core.trainer import SHOWN, Phase
from crossgap.data.pictures import halves_in, read_pairs, read_pictures, read_side_by_side, sides_in
from crossgap.data.preparation import Preparation
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.registry import METHODS, Method
from crossgap.networks import register_network

SIZE = 24


def save(path: Path, value: int | np.ndarray, width: int = SIZE, height: int = SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((height, width, 3), value, np.uint8) if isinstance(value, int) else value
    Image.fromarray(image).save(path)


def values(data) -> list[int]:
    return data.images[:, 0, 0, 0].tolist()


# one set


def test_pictures_of_any_size_become_squares_of_their_middle(tmp_path: Path) -> None:
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = 200  # the middle square
    save(tmp_path / "wide.png", wide)
    save(tmp_path / "deep" / "high.jpg", 90, 30, 77)
    found = read_pictures(tmp_path, 20)
    assert found.images.shape == (2, 20, 20, 3)
    assert found.label_names == ()
    assert found.images[0].mean() == pytest.approx(90, abs=2)
    assert (abs(found.images[1].astype(int) - 200)[:, 2:-2] <= 1).all()
    assert len(set(found.episodes.tolist())) == 2


def test_a_picture_of_the_size_is_left_as_it_is() -> None:
    image = np.random.default_rng(0).integers(0, 255, (20, 20, 3), np.uint8)
    twenty = Preparation((20, 20))
    assert twenty.prepare(image) is image
    fine = np.indices((40, 40)).sum(0) % 2 * 200  # a chessboard of single pixels: grey from afar
    scaled = twenty.prepare(np.repeat(fine[..., None], 3, 2).astype(np.uint8))
    assert scaled.shape == (20, 20, 3)
    assert np.abs(scaled.astype(int) - 100).max() < 10  # not every other pixel


def test_without_a_size_they_have_to_be_squares_of_one(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 1)
    save(tmp_path / "b.png", 1, 30, 20)
    with pytest.raises(
        CrossgapError, match=r"b.png: 30×20 pixels, but a.png .* Expected one size. --size 64"
    ):
        read_pictures(tmp_path)
    save(tmp_path / "b.png", 1, 30, 30)
    with pytest.raises(CrossgapError, match=r"b.png: 30×30 pixels, but a.png has 24×24"):
        read_pictures(tmp_path)


# pairs


def test_pairs_have_the_same_names_whatever_their_order_and_endings(tmp_path: Path) -> None:
    for value, (a, b) in enumerate((("2.png", "2.bmp"), ("x/1.bmp", "x/1.png"), ("1.png", "1.png"))):
        save(tmp_path / "A" / a, value)
        save(tmp_path / "B" / b, 10 + value)
    source, target = read_pairs(tmp_path / "A", tmp_path / "B")
    assert [b - a for a, b in zip(values(source), values(target), strict=True)] == [10, 10, 10]
    assert sorted(values(source)) == [0, 1, 2]


def test_pairs_that_do_not_match_are_named(tmp_path: Path) -> None:
    for name in "abcdef":
        save(tmp_path / "A" / f"{name}.png", 0)
    save(tmp_path / "B" / "a.png", 0)
    for folders in (("A", "B"), ("B", "A")):
        with pytest.raises(CrossgapError, match=r"B lacks the pairs of b, c, d and 2 more in .*A. Expected"):
            read_pairs(*(tmp_path / folder for folder in folders))
    save(tmp_path / "B" / "a.bmp", 0)
    with pytest.raises(CrossgapError, match=r"B has several pictures called a\."):
        read_pairs(tmp_path / "A", tmp_path / "B")


def test_pairs_of_unlike_shapes_are_refused(tmp_path: Path) -> None:
    for name, folder, width in (("1", "A", 60), ("1", "B", 30), ("2", "A", 60), ("2", "B", 40)):
        save(tmp_path / folder / f"{name}.png", 0, width, width // 2)
    save(tmp_path / "A" / "3.png", 0, 60, 30)
    save(tmp_path / "B" / "3.png", 0, 30, 30)
    with pytest.raises(CrossgapError, match=r"A/3.png is 2.00 times as wide as high, .*B/3.png 1.00"):
        read_pairs(tmp_path / "A", tmp_path / "B", 12)
    for folder in "AB":
        (tmp_path / folder / "3.png").unlink()
    source, target = read_pairs(tmp_path / "A", tmp_path / "B", 12)  # of one shape in two sizes
    assert source.images.shape == target.images.shape == (2, 12, 12, 3)


def test_pictures_side_by_side(tmp_path: Path) -> None:
    both = np.zeros((SIZE, 2 * SIZE, 3), np.uint8)
    both[:, SIZE:] = 200
    save(tmp_path / "1.png", both)
    source, target = read_side_by_side(tmp_path)
    assert source.images.shape == target.images.shape == (1, SIZE, SIZE, 3)
    assert (source.images == 0).all()
    assert (target.images == 200).all()
    source, target = read_side_by_side(tmp_path, 12)
    assert (source.images == 0).all()  # each half is scaled by itself: none bleeds into the other
    assert (target.images == 200).all()
    save(tmp_path / "2.png", 0, 51, 24)
    with pytest.raises(
        CrossgapError, match=r"2.png: 51×24 pixels. Expected two pictures of one size side by"
    ):
        read_side_by_side(tmp_path)


def test_both_sides_in_one_folder(tmp_path: Path) -> None:
    assert sides_in(tmp_path) is None
    (tmp_path / "trainA").mkdir()
    with pytest.raises(CrossgapError, match=r"There is .*trainA, but no .*trainB\. Expected both"):
        sides_in(tmp_path)
    (tmp_path / "trainB").mkdir()
    assert sides_in(tmp_path) == (tmp_path / "trainA", tmp_path / "trainB")


def test_of_train_and_test_beside_each_other_the_first_alone_is_read(tmp_path: Path) -> None:
    for side in "AB":
        (tmp_path / side / "test").mkdir(parents=True)
        (tmp_path / side / "train").mkdir()
    assert sides_in(tmp_path) == (tmp_path / "A" / "train", tmp_path / "B" / "train")


# a method of images alone, through the command


@register_network
class Brighter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.zeros(1))

    def forward(self, images: Tensor) -> Tensor:
        return images + self.by


class Brighten(Phase):
    name, steps, learning_rate, log_every = "brighten", 60, 0.05, 10

    def __init__(self, x, y):
        self.x, self.y, self.network = x, y, Brighter()
        self.networks = {"G": self.network}
        self.optimizers = {"G": torch.optim.Adam(self.network.parameters())}

    def samples(self) -> dict[str, Tensor]:
        x = self.x.shown(SHOWN)
        return {"x": x, "G(x)": self.network(x), "y": self.y.shown(SHOWN)}

    def training_step(self, step: int) -> dict[str, Tensor]:
        loss = (self.parallel["G"](self.x(step)[0]) - self.y(step)[0]).abs().mean()
        self.update("G", loss)
        return {"loss": loss}


def brighten(methods, name: str) -> AdaptedModel:
    phase = Brighten(methods.batches(methods.source, 2, 1), methods.batches(methods.target, 2, 1))
    methods.fit(name, phase)
    return methods.image_model(phase.network)


@pytest.fixture(autouse=True)
def entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two methods for these tests: one of pairs, one of a single set."""
    about = {"settings": (), "source_labels": False, "target_labels": False}
    list(METHODS)  # all that there are
    for name, more in (("brighten", {"paired": True}), ("alike", {"domains": 1})):
        method = Method("brighter images", f"{__name__}:brighten", family=name, **about, **more)
        monkeypatch.setitem(METHODS._things, name, (60, method))


def train(*words: object) -> None:
    run(["train", *map(str, words), "--device", "cpu", "--precision", "32-true"])


def pairs(folder: Path) -> Path:
    for index in range(4):
        both = np.full((30, 60, 3), 20 + index, np.uint8)
        both[:, 30:] += 100
        save(folder / f"{index}.png", both)
    return folder


def test_a_method_of_pairs_learns_from_pictures_side_by_side(tmp_path: Path, capsys) -> None:
    data, output = pairs(tmp_path / "data"), tmp_path / "out"
    train("brighten", "--data", data, "--size", SIZE, "--output", output)
    model = AdaptedModel.load(output / "models" / "brighten")
    assert model.translate(np.full((1, SIZE, SIZE, 3), 50, np.uint8)).mean() == pytest.approx(150, abs=15)
    assert read_json(output / "config.json")["size"] == SIZE
    assert "crossgap translate" in capsys.readouterr().err.replace("\n", "")
    assert (output / "samples" / "brighten" / "000060.png").exists()
    train("brighten", "--data", data, "--size", SIZE, "--swap", "--output", tmp_path / "swapped")
    back = AdaptedModel.load(tmp_path / "swapped" / "models" / "brighten")
    assert back.translate(np.full((1, SIZE, SIZE, 3), 150, np.uint8)).mean() == pytest.approx(50, abs=15)


def test_of_pairs_split_into_folders_those_to_train_with_are_read(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        pairs(tmp_path / "data" / split)
    train("brighten", "--data", tmp_path / "data", "--size", SIZE, "--output", tmp_path / "out")
    found = read_json(tmp_path / "out" / "config.json")
    assert found["source"]["path"] == found["target"]["path"] == str(tmp_path / "data" / "train")
    assert found["source"]["images"] == 4


def test_the_sheet_that_is_told_is_the_methods_own(tmp_path: Path, capsys) -> None:
    words = "--data", pairs(tmp_path / "data"), "--size", SIZE, "--output", tmp_path / "out"
    train("brighten", *words)
    later = tmp_path / "out" / "samples" / "other" / "000099.png"
    later.parent.mkdir()
    later.touch()
    capsys.readouterr()
    train("brighten", *words)
    assert "samples/brighten/000060.png" in capsys.readouterr().err.replace("\n", "")


def test_a_method_of_one_set(tmp_path: Path) -> None:
    data = pairs(tmp_path / "data")
    train("alike", "--data", data, "--size", SIZE, "--output", tmp_path / "out")
    assert AdaptedModel.load(tmp_path / "out" / "models" / "alike").size == (SIZE, SIZE)


def test_the_report_of_a_training_shows_its_sheets_and_losses(tmp_path: Path, capsys) -> None:
    output = tmp_path / "out"
    with pytest.raises(CrossgapError, match="No run at"):
        run(["report", str(output)])
    train("brighten", "--data", pairs(tmp_path / "data"), "--size", SIZE, "--output", output)
    run(["report", str(output)])
    page = (output / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/webp") == 4  # the last sheet and three earlier ones
    assert "After step 60." in page
    assert "domain weight" not in page  # of a method that was not trained
    assert "models/brighten" in page
    assert re.search(r"\d\.\d ms \(p50\), \d+\.\d ms \(p99\) per image", page), "its latency"
    assert page.count("<svg") == 1
    assert "not finished" not in page
    assert "not finished" not in capsys.readouterr().err
    with pytest.raises(CrossgapError, match="The report of a training has one seed"):
        run(["report", str(output), "--seed", "0"])
    (output / "metrics.jsonl").unlink()
    with pytest.raises(CrossgapError, match="has no steps yet"):
        run(["report", str(output)])


def test_the_report_of_a_stopped_training_says_so(tmp_path: Path, capsys, monkeypatch) -> None:
    output, step = tmp_path / "out", Brighten.training_step

    def stopping(phase: Brighten, at: int) -> dict[str, Tensor]:
        if at == 25:
            raise KeyboardInterrupt
        return step(phase, at)

    monkeypatch.setattr(Brighten, "training_step", stopping)
    for seconds, told in ((0.0, "20 of 60 steps"), (100.0, "20 steps")):  # between checkpoints
        monkeypatch.setattr(Brighten, "checkpoint_seconds", seconds)
        with pytest.raises(KeyboardInterrupt):
            train("brighten", "--data", pairs(tmp_path / "data"), "--size", SIZE, "--output", output)
        run(["report", str(output)])
        told = f"brighten is not finished: it has done {told}. The same command goes on where it was."
        assert told in " ".join(capsys.readouterr().err.split())
        assert told in (output / "report.html").read_text(encoding="utf-8")
        shutil.rmtree(output)


def test_halves_that_are_far_from_squares_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "data" / "1.png", 0, 80, 70)
    with pytest.raises(
        CrossgapError, match=r"80×70 pixels. Expected two pictures .* from 3:4 to 4:3; or give"
    ):
        train("brighten", "--data", tmp_path / "data", "--size", SIZE, "--output", tmp_path / "out")
    save(tmp_path / "data" / "1.png", 0, 106, 70)  # 53 to 70 is more than 3:4
    assert len(read_side_by_side(tmp_path / "data", SIZE)[0]) == 1


def test_how_pairs_side_by_side_are_read_is_said(tmp_path: Path, capsys) -> None:
    """Halves of a colour each; noise on both; a sweep of colours that goes on from the one into the other."""
    noise = np.random.default_rng(0).integers(0, 256, (4, 30, 60, 3), np.uint8)
    sweep = np.broadcast_to(np.arange(0, 240, 4, np.uint8)[None, :, None], (30, 60, 3))
    two = np.concatenate([sweep[:, ::2], 255 - sweep[:, ::2]], 1)
    kinds = {"flat": None, "noise": noise, "one": [sweep] * 4, "two": [two] * 4}
    for kind, images in kinds.items():
        pairs(tmp_path / kind)
        for index, image in enumerate(images if images is not None else []):
            save(tmp_path / kind / f"{index}.png", np.asarray(image))
        single = halves_in(tmp_path / kind)
        assert single == ((30, 30), kind in ("noise", "one"))
    train("brighten", "--data", tmp_path / "flat", "--size", SIZE, "--output", tmp_path / "out")
    told = " ".join(capsys.readouterr().err.split())
    assert "flat: each picture is read as two side by side, of 30×30 pixels." in told
    assert "goes on into" not in told
    train("brighten", "--data", tmp_path / "one", "--size", SIZE, "--output", tmp_path / "other")
    assert "Most of them look like one picture" in " ".join(capsys.readouterr().err.split())


def test_few_pictures_are_said_and_one_is_refused(tmp_path: Path, capsys) -> None:
    data = pairs(tmp_path / "data")
    train("alike", "--data", data, "--size", SIZE, "--output", tmp_path / "out")
    assert "data has 4 pictures, which are few: fewer than 50" in " ".join(capsys.readouterr().err.split())
    for index in range(1, 4):
        (data / f"{index}.png").unlink()
    for name in ("alike", "brighten"):
        with pytest.raises(CrossgapError, match=r"data has 1 picture\. Expected several"):
            train(name, "--data", data, "--size", SIZE, "--output", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_is_next_needs_no_resizing(tmp_path: Path, capsys) -> None:
    for size in ((), ("--size", SIZE)):
        for side in "AB":
            for index in range(3):
                save(tmp_path / side / f"{index}.png", 10 * index + ord(side), 32, 32)
        words = "--source", tmp_path / "A", "--target", tmp_path / "B", *size
        train("brighten", *words, "--output", tmp_path / f"out{len(size)}")
        assert "FOLDER OUT --resize" not in " ".join(capsys.readouterr().err.split())
        prepared = AdaptedModel.load(tmp_path / f"out{len(size)}" / "models" / "brighten").preparation
        assert prepared == (Preparation((SIZE, SIZE)) if size else None)


def test_no_labels_are_asked_for_where_none_are_needed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CrossgapError, match=r"empty is empty\. Expected images in it\."):
        train("alike", "--data", tmp_path / "empty", "--output", tmp_path / "out")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--source", "DIR/a"), "Expected --source and --target, or --data with both sides"),
        (("--source", "DIR/a", "--target", "DIR/b", "--data", "DIR/c"), "--data has both sides. Expected it"),
        (("--source", "DIR/a", "--target", "DIR/none"), "No folder at .*none"),
        (("--data", "DIR/none"), "No folder at .*none"),
        (("--source", "DIR/a", "--target", "DIR/a"), "--source and --target are the same images"),
        (
            ("--source", "DIR/a", "--target", "DIR/b", "--size", "26"),
            "--size 26: Images are 26×26 pixels. Exp",
        ),
        (("--source", "DIR/a", "--target", "DIR/b", "--size", "0"), "--size must be at least 24"),
    ],
)
def test_bad_input_leaves_nothing_behind(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    for index in range(3):
        save(tmp_path / "a" / f"{index}.png", index)
        save(tmp_path / "b" / f"{index}.png", index + 9)
    given = [word.replace("DIR", str(tmp_path)) for word in words]
    with pytest.raises(CrossgapError, match=told):
        train("brighten", *given, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_help_says_what_it_takes(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, there, not_there in (("brighten", "--swap", "--labels"), ("alike", "--data", "--source")):
        monkeypatch.setattr(sys, "argv", ["crossgap"])
        with pytest.raises(SystemExit):
            run(["train", name, "--help"])
        shown = capsys.readouterr().out
        assert there in shown
        assert not_there not in shown


def test_the_line_of_train_says_that_pictures_alone_will_do(capsys) -> None:
    with pytest.raises(SystemExit):
        run(["train", "--help"])
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "for models of images alone, such as" in told
