"""`crossgap translate`: names, labels and files stay, what was killed goes on, nothing is half-written."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from torch import nn

from crossgap.cli import main
from crossgap.data import LabelScale, read_folder
from crossgap.data.folder import read_unlabelled
from crossgap.data.preparation import Preparation
from crossgap.data.table import read_table
from crossgap.deploy import folders
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.rejection import write_rows
from crossgap.errors import CrossgapError
from crossgap.networks import ResnetGenerator, TaskModel, register_network
from crossgap.networks.exchange import save_peer

SIZE = 24
RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (12, SIZE, SIZE, 3), np.uint8)


@register_network
class Negative(nn.Module):
    """A translator that is known: white becomes black; or, of strength 0, one that changes nothing."""

    def __init__(self, strength: float = 1.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(1 - 2 * strength))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * self.factor


def negative(strength: float = 1.0) -> AdaptedModel:
    return AdaptedModel(None, None, (), SIZE, Negative(strength), "negative")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of a model that makes negatives."""
    negative().save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def crossgap(monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """`crossgap(arguments…)`: exit code of `crossgap translate`, and what it said."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", "translate", *map(str, arguments), "--device", "cpu"])
        try:
            main()
        except SystemExit as left:
            return int(left.code or 0), " ".join(capsys.readouterr().err.split())
        return 0, " ".join(capsys.readouterr().err.split())

    return run


def save(pictures: np.ndarray, path: Path, **settings: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pictures).save(path, **settings)  # type: ignore[arg-type]


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Strips, pictures in sub-folders, a table such as we do not write, and other files."""
    root = tmp_path / "data"
    save(np.concatenate(PICTURES[:3]), root / "images" / "0.bmp")
    save(np.concatenate(PICTURES[3:5]), root / "images" / "1.png")
    save(PICTURES[5], root / "images" / "later" / "x.PNG")
    rows = ["image;episode;angle;who", *(f"images/0.bmp#{i};0;{i},5;me" for i in range(3))]
    rows += ["images\\1.png#1;1;7;you", "", "images/1.png#0;1;8;you", "images/later/x.PNG;2;9;she"]
    table = "\r\n".join(rows).replace(",5", ".5")
    (root / "labels.csv").write_bytes(b"\xef\xbb\xbf" + table.encode())
    (root / "notes").mkdir()
    (root / "notes" / "camera.txt").write_text("third floor")
    (root / ".thumbs").mkdir()
    (root / ".thumbs" / "0.bmp").write_text("hidden")
    return root


def test_a_folder_stays_as_it_is_but_for_its_pictures(crossgap, model, data, tmp_path, tree) -> None:
    code, said = crossgap(model, data, tmp_path / "out")
    assert code == 0, said
    assert "3 pictures, 2 of them strips, in" in said
    assert "2 other files are there as they were: labels.csv, notes/camera.txt" in said
    found, before = tree(tmp_path / "out"), tree(data)
    shown = {name for name in found if not name.startswith(".")}
    assert shown == {name for name in before if not name.startswith(".")}
    assert all(found[name] == before[name] for name in ("labels.csv", "notes/camera.txt"))
    np.testing.assert_array_equal(read(tmp_path / "out/images/0.bmp"), 255 - np.concatenate(PICTURES[:3]))
    np.testing.assert_array_equal(read(tmp_path / "out/images/1.png"), 255 - np.concatenate(PICTURES[3:5]))
    np.testing.assert_array_equal(read(tmp_path / "out/images/later/x.PNG"), 255 - PICTURES[5])
    for name, kind in (("0.bmp", "BMP"), ("1.png", "PNG"), ("later/x.PNG", "PNG")):
        assert Image.open(tmp_path / "out/images" / name).format == kind
    one, other = (read_folder(folder, ["angle"]) for folder in (data, tmp_path / "out"))
    np.testing.assert_array_equal(other.images, 255 - one.images)
    np.testing.assert_array_equal(other.labels, one.labels)


def test_strips_that_were_collected_without_a_table(crossgap, model, tmp_path) -> None:
    save(np.concatenate(PICTURES[:4]), tmp_path / "data" / "a.png")
    save(PICTURES[5], tmp_path / "data" / "b.png")
    (tmp_path / "data" / "dataset.json").write_text(json.dumps({"size": SIZE, "steps": 4}))
    assert crossgap(model, tmp_path / "data", tmp_path / "out")[0] == 0
    np.testing.assert_array_equal(
        read_unlabelled(tmp_path / "out").images, 255 - np.concatenate([PICTURES[:4], PICTURES[5:6]])
    )


def test_collected_strips_that_are_resized_are_still_strips(crossgap, model, tmp_path) -> None:
    large = PICTURES[:6].repeat(2, 1).repeat(2, 2)
    for name, part in (("a.png", large[:3]), ("b.png", large[3:])):
        save(np.concatenate(part), tmp_path / "data" / "images" / name)
    about = {"look": "source", "size": 2 * SIZE, "steps": 3}
    (tmp_path / "data" / "dataset.json").write_text(json.dumps(about))
    assert crossgap(model, tmp_path / "data", tmp_path / "out", "--resize")[0] == 0
    found = read_unlabelled(tmp_path / "out")
    np.testing.assert_array_equal(
        found.images, 255 - np.stack([Preparation((SIZE, SIZE)).prepare(one) for one in large])
    )
    assert found.episodes.tolist() == [0, 0, 0, 1, 1, 1]
    assert json.loads((tmp_path / "out" / "dataset.json").read_text()) == about | {"size": SIZE}


def test_a_photograph_stays_one(crossgap, model, tmp_path) -> None:
    smooth = np.linspace(0, 255, SIZE * SIZE * 3).reshape(SIZE, SIZE, 3).astype(np.uint8)
    for name in ("a.jpg", "b.JPEG"):
        save(smooth, tmp_path / "data" / name, format="JPEG", quality=95)
    assert crossgap(model, tmp_path / "data", tmp_path / "out")[0] == 0
    for name in ("a.jpg", "b.JPEG"):
        assert Image.open(tmp_path / "out" / name).format == "JPEG"
        assert np.abs(read(tmp_path / "out" / name).astype(int) - (255 - smooth)).mean() < 3


def damaged_in_the_middle(folder: Path, monkeypatch) -> Path:
    """Twelve pictures, the seventh cut off; two are translated at a time."""
    monkeypatch.setattr(folders, "BATCH", 2)
    for index, picture in enumerate(PICTURES):
        save(picture, folder / f"{index:02}.png")
    whole = (folder / "06.png").read_bytes()
    (folder / "06.png").write_bytes(whole[: len(whole) // 2])
    return folder / "06.png"


def test_a_damaged_picture_ends_it_and_once_it_is_mended_it_goes_on(
    crossgap, model, tmp_path, monkeypatch, tree
) -> None:
    out, picture = tmp_path / "out", damaged_in_the_middle(tmp_path / "data", monkeypatch)
    table = "image,a\n" + "".join(f"{i:02}.png,{i}\n" for i in range(12))
    (tmp_path / "data" / "labels.csv").write_text(table)
    code, said = crossgap(model, tmp_path / "data", out)
    assert code == 2
    assert f"{picture}: damaged or truncated" in said
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == [f"{i:02}.png" for i in range(6)]
    assert not list(out.rglob("*.partial"))
    written = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    save(PICTURES[6], picture)
    assert crossgap(model, tmp_path / "data", out)[0] == 0
    assert all(path.stat().st_mtime_ns == when for path, when in written.items())
    np.testing.assert_array_equal(read_folder(out).images, 255 - PICTURES)
    assert crossgap(model, tmp_path / "data", tmp_path / "whole")[0] == 0
    resumed, whole = (tree(folder) for folder in (out, tmp_path / "whole"))
    for found in (resumed, whole):
        for name in [name for name in found if name.startswith(".crossgap")]:
            del found[name]
    assert resumed == whole


def test_what_is_refused_at_once_leaves_nothing(crossgap, model, tmp_path) -> None:
    """All that cannot be read are named, some of them by number."""
    for index, picture in enumerate(PICTURES):
        save(picture, tmp_path / "data" / f"{index:02}.png")
    for index in (1, 3, 5, 7, 9, 11):
        file = tmp_path / "data" / f"{index:02}.png"
        file.write_bytes(file.read_bytes()[:200])
    code, said = crossgap(model, tmp_path / "data", tmp_path / "out")
    assert code == 2
    root = tmp_path / "data"
    assert f"{root}/01.png: damaged or truncated" in said
    assert f"Nor can these be read: {root}/03.png, {root}/05.png, {root}/07.png and 2 more." in said
    assert not (tmp_path / "out").exists()
    with pytest.raises(CrossgapError, match=r"01.png: damaged .*Nor can these .*07.png and 2 more"):
        read_unlabelled(root)


def test_of_two_translations_that_begin_in_one_folder_one_goes_on(model, data, tmp_path, tree) -> None:
    """Both find the folder new; the second has translated its first pictures when the first one writes."""
    out, translate, waiting = tmp_path / "out", AdaptedModel.translate, []

    def after_the_other(self: AdaptedModel, images: np.ndarray) -> np.ndarray:
        translated = translate(self, images)
        if not waiting:
            waiting.append(self)
            folders.translate_folder(negative(0.0), data, out, quiet=True)
        return translated

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdaptedModel, "translate", after_the_other)
        with pytest.raises(CrossgapError, match="out is of another translation: weights"):
            folders.translate_folder(AdaptedModel.load(model), data, out, quiet=True)
    np.testing.assert_array_equal(read(out / "images/1.png"), np.concatenate(PICTURES[3:5]))


def test_one_folder_for_both_and_one_picture_in_words(crossgap, model, tmp_path) -> None:
    save(PICTURES[0], tmp_path / "data" / "0.png")
    (tmp_path / "data" / "notes.txt").write_text("third floor")
    code, said = crossgap(model, tmp_path / "data", tmp_path / "data" / ".." / "data")
    assert code == 2
    assert "data is also the folder to write to. Expected another one." in said
    _, said = crossgap(model, tmp_path / "data", tmp_path / "out")
    assert "1 picture in" in said
    assert "1 other file is there as it was: notes.txt." in said


def test_a_run_in_place_of_its_model_names_its_models(crossgap, model, data, tmp_path) -> None:
    for name in ("cyclegan", "cyclegan_inverse"):
        shutil.copytree(model, tmp_path / "run" / "models" / name)
    code, said = crossgap(tmp_path / "run", data, tmp_path / "out")
    assert code == 2
    both = f"{tmp_path}/run/models/cyclegan, {tmp_path}/run/models/cyclegan_inverse"
    assert f"run is no model. Expected one or several of those in {tmp_path}/run: {both}." in said


def test_only_the_same_translation_goes_on(crossgap, model, tmp_path, monkeypatch, tree) -> None:
    out, source = tmp_path / "out", tmp_path / "data"
    picture = damaged_in_the_middle(source, monkeypatch)
    assert crossgap(model, source, out)[0] == 2
    save(PICTURES[6], picture)
    before = tree(out)
    negative(0.5).save(tmp_path / "other")
    code, said = crossgap(tmp_path / "other", source, out)
    assert code == 2
    assert f"{out} is of another translation: weights is" in said
    code, said = crossgap(model, source, out, "--resize")
    assert "resize is false there, true here" in said
    save(PICTURES[0], source / "02.png")
    code, said = crossgap(model, source, out)
    assert code == 2
    assert f"{source / '02.png'} has changed since {out / '02.png'} was made of it" in said
    (source / "02.png").unlink()
    code, said = crossgap(model, source, out)
    assert f"{out} has 02.png, {source} has it no more" in said
    assert tree(out) == before
    save(PICTURES[2], source / "02.png")
    (out / "03.png").unlink()  # by whoever; it comes back
    assert crossgap(model, source, out)[0] == 0
    np.testing.assert_array_equal(read_unlabelled(out).images, 255 - PICTURES)


def test_a_translation_that_ended_before_its_first_line_begins_anew(crossgap, model, data, tmp_path) -> None:
    (tmp_path / "out" / ".crossgap").mkdir(parents=True)
    (tmp_path / "out" / ".crossgap" / "translation.jsonl").write_text('{"of": {"wei')
    assert crossgap(model, data, tmp_path / "out")[0] == 0
    assert crossgap(model, data, tmp_path / "out")[0] == 0  # and is known again
    np.testing.assert_array_equal(read(tmp_path / "out/images/later/x.PNG"), 255 - PICTURES[5])


def test_what_was_there_before_is_left_alone(crossgap, model, data, tmp_path, tree) -> None:
    out = tmp_path / "out"
    save(PICTURES[0], out / "mine.png")
    before = tree(tmp_path)
    for source, output in ((data, out), (data, out / "mine.png"), (data / "images/1.png", out / "mine.png")):
        code, said = crossgap(model, source, output)
        assert code == 2
        assert f"{output} exists already" in said
    code, said = crossgap(model, data, data / "images" / "translated")
    assert code == 2
    assert f"lies within {data}" in said
    assert tree(tmp_path) == before


def test_pictures_of_another_size(crossgap, model, tmp_path, tree) -> None:
    source, out = tmp_path / "data", tmp_path / "out"
    large = np.zeros((48, 96, 3), np.uint8)
    large[:, 24:72] = PICTURES[0].repeat(2, 0).repeat(2, 1)
    save(PICTURES[1], source / "a.png")
    save(large, source / "b.png")
    code, said = crossgap(model, source, out)
    assert code == 2
    assert f"{source / 'b.png'}: 96×48 pixels, the model takes 24×24. Expected that size, or --resize" in said
    assert not out.exists()
    assert crossgap(model, source, out, "--resize")[0] == 0
    np.testing.assert_array_equal(read(out / "a.png"), 255 - PICTURES[1])
    assert (
        np.abs(read(out / "b.png").astype(int) - (255 - PICTURES[0])).mean() < 15
    )  # the middle, at half size
    code, said = crossgap(model, source / "b.png", tmp_path / "b.jpg")
    assert code == 2
    assert "--resize" in said
    assert not (tmp_path / "b.jpg").exists()
    assert crossgap(model, source / "b.png", tmp_path / "b.jpg", "--resize")[0] == 0
    assert Image.open(tmp_path / "b.jpg").size == (SIZE, SIZE)


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_picture_on_its_side_has_its_size_once_it_is_upright(tmp_path: Path, ending: str) -> None:
    shown, exif = np.full((16, 32, 3), 200, np.uint8), Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    (tmp_path / "in").mkdir()
    Image.fromarray(np.rot90(shown).copy()).save(tmp_path / "in" / f"a.{ending}", exif=exif, quality=95)
    Image.fromarray(shown).save(tmp_path / "in" / f"b.{ending}", quality=95)
    wide = AdaptedModel(None, None, (), (16, 32), Negative(), "negative")
    folders.translate_folder(wide, tmp_path / "in", tmp_path / "out", quiet=True)
    seen = read_unlabelled(tmp_path / "out").images
    assert seen.shape == (2, 16, 32, 3)
    assert np.abs(seen.astype(int) - 55).max() <= 2
    high = AdaptedModel(None, None, (), (32, 16), Negative(), "negative")
    with pytest.raises(CrossgapError, match=rf"a\.{ending}: 32×16 pixels, the model takes 16×32"):
        folders.translate_folder(high, tmp_path / "in", tmp_path / "none", quiet=True)
    assert not (tmp_path / "none").exists()


def test_a_strip_that_nobody_said_is_one(crossgap, model, tmp_path) -> None:
    save(np.concatenate(PICTURES[:3]), tmp_path / "data" / "a.png")
    code, said = crossgap(model, tmp_path / "data", tmp_path / "out")
    assert code == 2
    assert "a.png: 24×72 pixels" in said
    assert "frame by frame" in said


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("image\n../secret.png\n", ["line 2", "secret.png lies outside of", "Expected images within it"]),
        ("image\nnone.png\n", ["line 2", "no image", "none.png"]),
        ("image\na.png\na.webp\n", ["a.webp cannot be written"]),
    ],
)
def test_a_table_that_does_not_fit(crossgap, model, tmp_path, tree, table: str, words: list[str]) -> None:
    save(PICTURES[0], tmp_path / "data" / "a.png")
    save(PICTURES[0], tmp_path / "secret.png")
    shutil.copy(
        tmp_path / "secret.png", tmp_path / "data" / "a.webp"
    )  # the table says that it is one of ours
    (tmp_path / "data" / "labels.csv").write_text(table + "a.webp\n")
    before = tree(tmp_path)
    code, said = crossgap(model, tmp_path / "data", tmp_path / "out")
    assert code == 2
    assert all(word in said for word in words), said
    assert tree(tmp_path) == before


def test_what_cannot_be_translated(crossgap, model, tmp_path, tree) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("no picture")
    (tmp_path / "a.gif").write_text("a format that is not read")
    before = tree(tmp_path)
    for source, words in (
        ("nothing", "nothing. Expected a folder of pictures, a recording, a picture"),
        ("data", "data has no images"),
        ("data/a.txt", "could not be translated (Invalid data"),
        ("a.gif", "damaged or truncated image"),
    ):
        output = tmp_path / ("out.mp4" if source.endswith("txt") else "out.png")
        code, said = crossgap(model, tmp_path / source, output)
        assert code == 2
        assert words in said, said
    assert tree(tmp_path) == before


def test_a_model_without_a_translator(crossgap, data, tmp_path) -> None:
    plain = AdaptedModel(
        TaskModel(1, SIZE, 4, 8), LabelScale((0.0,), (1.0,)), ("a",), SIZE, None, "source_only"
    )
    plain.save(tmp_path / "plain")
    for source, output in (
        (data, "out"),
        (data / "images/1.png", "out.png"),
        (data / "labels.csv", "out.mp4"),
    ):
        code, said = crossgap(tmp_path / "plain", source, tmp_path / output)
        assert code == 2
        assert "This model of source_only has no translator" in said
        assert not (tmp_path / output).exists()
    with pytest.raises(CrossgapError, match="no translator"):
        folders.translate_folder(plain, data, tmp_path / "out")


def test_a_generator_s_file_of_the_peer(crossgap, data, tmp_path) -> None:
    torch.manual_seed(0)
    network = ResnetGenerator(4, 1)
    save_peer(network, tmp_path / "latest_net_G_A.pth")
    picture, out = data / "images/later/x.PNG", tmp_path / "x.png"
    code, said = crossgap(tmp_path / "latest_net_G_A.pth", picture, out, "--resize")
    assert code == 0, said
    assert "takes pictures of 256×256 pixels here; `crossgap convert`" in said
    wanted = AdaptedModel(None, None, (), 256, network).translate(
        Preparation((256, 256)).prepare(PICTURES[5])
    )[0]
    np.testing.assert_allclose(read(out), wanted, atol=1)
    code, said = crossgap(tmp_path / "latest_net_G_A.pth", data, tmp_path / "out")
    assert code == 2
    assert "images/0.bmp: 24×24 pixels, the model takes 256×256" in said
    assert "frame by frame" not in said  # the table has said so


# videos


def film(
    path: Path, times: list[int], rate: Fraction, unit: Fraction, size: tuple[int, int] = (SIZE, SIZE)
) -> None:
    """A video whose frame i is all of the grey 8 i, shown at times[i] units."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "1"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = unit
        for index, time in enumerate(times):
            grey = np.full((size[1], size[0], 3), 8 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = time, unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def frames(path: Path) -> tuple[Fraction | None, list[float], list[float]]:
    """Frames per second, when each is shown, and each one's mean grey."""
    with av.open(str(path)) as container:
        found = [(frame.time, frame.to_ndarray(format="rgb24").mean()) for frame in container.decode(video=0)]
        return container.streams.video[0].average_rate, [t for t, _ in found], [float(g) for _, g in found]


@pytest.mark.parametrize("later", [0, 90])
def test_a_video_keeps_its_frames_and_when_they_are_shown(crossgap, model, tmp_path, later: int) -> None:
    times = [3003 * i + later * i * i for i in range(20)]
    film(tmp_path / "in.mp4", times, Fraction(30_000, 1001), Fraction(1, 90_000))
    code, said = crossgap(model, tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert code == 0, said
    assert f"20 frames: {tmp_path / 'out.mp4'}" in said
    (rate, shown, grey), (new_rate, new_shown, new_grey) = (
        frames(tmp_path / f"{name}.mp4") for name in ("in", "out")
    )
    # of frames that come slower and slower the last one's time counts, too, which an encoder guesses
    assert float(new_rate or 0) == pytest.approx(float(rate or 1), rel=0.02 if later else 1e-9)
    np.testing.assert_allclose(new_shown, shown, atol=1e-4)
    np.testing.assert_allclose(new_grey, 255 - np.array(grey), atol=3)
    code, said = crossgap(model, tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert code == 2
    assert "out.mp4 exists already" in said
    assert "ends in .mp4" in crossgap(model, tmp_path / "in.mp4", tmp_path / "out.avi")[1]


def test_a_video_of_another_size(crossgap, model, tmp_path) -> None:
    film(tmp_path / "in.avi", list(range(5)), Fraction(10), Fraction(1, 10), (64, 48))
    code, said = crossgap(model, tmp_path / "in.avi", tmp_path / "out" / "new" / "out.mp4")
    assert code == 2
    assert "in.avi: 64×48 pixels, the model takes 24×24" in said
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
    assert crossgap(model, tmp_path / "in.avi", tmp_path / "out.mp4", "--resize")[0] == 0
    rate, shown, grey = frames(tmp_path / "out.mp4")
    assert rate == 10
    np.testing.assert_allclose(shown, np.arange(5) / 10, atol=1e-4)
    np.testing.assert_allclose(grey, 255 - 8 * np.arange(5), atol=4)


def test_a_video_of_a_camera_that_was_turned(crossgap, model, tmp_path) -> None:
    with av.open(str(tmp_path / "in.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "1"})
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        dark_above = np.repeat([20, 220], SIZE // 2).astype(np.uint8)[:, None, None]
        image = np.ascontiguousarray(np.broadcast_to(dark_above, (SIZE, SIZE, 3)))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    film = bytearray((tmp_path / "in.mp4").read_bytes())
    at = film.index(b"tkhd") + 44  # the matrix of the track's header: as phones have it that are held upright
    film[at : at + 36] = np.array([0, 1 << 16, 0, -(1 << 16), 0, 0, SIZE << 16, 0, 1 << 30], ">i4").tobytes()
    (tmp_path / "in.mp4").write_bytes(film)
    assert crossgap(model, tmp_path / "in.mp4", tmp_path / "out.mp4")[0] == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        (frame,) = container.decode(video=0)
    shown = 255 - frame.to_ndarray(format="rgb24").mean(
        (0, 2)
    )  # a quarter clockwise: above is on the right now
    assert frame.rotation == 0
    assert shown[: SIZE // 2].mean() == pytest.approx(220, abs=8)
    assert shown[SIZE // 2 :].mean() == pytest.approx(20, abs=8)


def test_a_video_that_is_cut_off(crossgap, model, tmp_path) -> None:
    film(tmp_path / "in.mp4", list(range(0, 90_000, 3000)), Fraction(30), Fraction(1, 90_000))
    whole = (tmp_path / "in.mp4").read_bytes()
    (tmp_path / "in.mp4").write_bytes(whole[: len(whole) // 2])
    code, said = crossgap(model, tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert code == 2
    assert "in.mp4 could not be translated (Invalid data" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "model"]


class Brightness(nn.Module):
    """A task model that is known: the mean of an image, from -1 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(1.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.factor * images.mean((1, 2, 3))[:, None]


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A model that makes negatives, and says how bright they are."""
    register_network(Brightness)
    scale = LabelScale((0.0,), (1.0,))
    AdaptedModel(Brightness(), scale, ("bright",), SIZE, Negative(), "negative").save(tmp_path / "judged")
    return tmp_path / "judged"


def greys(root: Path, levels: list[int], labels: list[float], strip: bool = False) -> Path:
    """Grey pictures with a table such as we do not write: quotes, CRLF, a cell of two lines."""
    images = [np.full((SIZE, SIZE, 3), level, np.uint8) for level in levels]
    names = [f"s/0.bmp#{at}" if strip and at < 2 else f"s/{at}.png" for at in range(len(levels))]
    if strip:
        save(np.concatenate(images[:2]), root / "s" / "0.bmp")
    for at, image in enumerate(images):
        if not strip or at > 1:
            save(image, root / "s" / f"{at}.png")
    lines = ["image,bright,action,note"]
    lines += [
        f'"{name}",{label},0.10000000000000001,"a\r\nb {name}"'
        for name, label in zip(names, labels, strict=True)
    ]
    (root / "labels.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    (root / "states.bin").write_bytes(bytes(range(256)))
    return root


def test_pictures_that_lose_their_label_are_left_out(crossgap, judged, tmp_path) -> None:
    """A negative of grey level g has brightness 1 − g/127.5, an error of (1 − g/127.5 − label)²."""
    data = greys(tmp_path / "data", [0, 51, 102, 204], [1.0, 0.6, -0.9, -0.6])
    before = (data / "labels.csv").read_bytes()
    code, said = crossgap(judged, data, tmp_path / "out", "--reject-above", "0.01")
    assert code == 0, said
    assert "Yield: 3 of 4 pictures (75 %)" in said.replace("75%", "75 %")
    assert "1 row of the table and 1 picture file are left out" in said
    assert sorted(path.name for path in (tmp_path / "out" / "s").iterdir()) == ["0.png", "1.png", "3.png"]
    dropped = b'"s/2.png",-0.9,0.10000000000000001,"a\r\nb s/2.png"\r\n'
    assert before.count(dropped) == 1
    assert (tmp_path / "out" / "labels.csv").read_bytes() == before.replace(dropped, b"")
    assert (tmp_path / "out" / "states.bin").read_bytes() == bytes(range(256))
    assert len(read_folder(tmp_path / "out", ["bright"])) == 3


def test_a_frame_of_a_strip_is_left_out_of_the_table_alone(crossgap, judged, tmp_path) -> None:
    data = greys(tmp_path / "data", [0, 51, 102], [1.0, -0.6, 0.2], strip=True)
    code, said = crossgap(judged, data, tmp_path / "out", "--reject-above", "0.01")
    assert code == 0, said
    assert "Yield: 2 of 3" in said
    found = read_folder(tmp_path / "out", ["bright"])
    assert found.labels[:, 0].tolist() == pytest.approx([1.0, 0.2])
    np.testing.assert_array_equal(found.images[0], 255)
    again, _ = crossgap(judged, data, tmp_path / "out", "--reject-above", "0.01")
    assert again == 0, "the same command again changes nothing"


def test_rows_of_a_wide_table_stay_as_they_were(tmp_path) -> None:
    table = tmp_path / "labels.tsv"
    text = "image\tx\na.png\t1\nb.png\t2\n\nc.png\t3"
    table.write_bytes(b"\xfe\xff" + text.encode("utf-16-be"))
    rows = read_table(table)
    write_rows(table, rows, np.array([True, False, True]), tmp_path / "out.tsv")
    expected = "image\tx\na.png\t1\nc.png\t3"
    assert (tmp_path / "out.tsv").read_bytes() == b"\xfe\xff" + expected.encode("utf-16-be")
    write_rows(table, rows, np.array([True, True, True]), tmp_path / "all.tsv")
    assert (tmp_path / "all.tsv").read_bytes() == table.read_bytes()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--reject-above", "-1"], "must be a number from 0 on"),
        (["--reject-above", "0.0000001"], "the smallest is"),
        (["--task-model", "judged"], "--task-model is for --reject-above"),
    ],
)
def test_rejections_that_cannot_be(crossgap, judged, tmp_path, monkeypatch, more, told) -> None:
    data = greys(tmp_path / "data", [10, 51], [1.0, 0.7])
    monkeypatch.chdir(tmp_path)
    code, said = crossgap(judged, data, tmp_path / "out", *more)
    assert code == 2
    assert told in said
    assert not (tmp_path / "out" / "labels.csv").exists()


def test_rejections_need_a_task_model_and_its_labels(crossgap, model, judged, data, tmp_path) -> None:
    for command, told in (
        ((model, data, tmp_path / "a", "--reject-above", "1"), "--task-model MODEL"),
        ((judged, data, tmp_path / "b", "--reject-above", "1"), "no label column 'bright'"),
        ((judged, data / "images" / "later", tmp_path / "c", "--reject-above", "1"), "labels.csv"),
        (
            (judged, data / "images" / "later" / "x.PNG", tmp_path / "d.png", "--reject-above", "1"),
            "a folder",
        ),
    ):
        code, said = crossgap(*command)
        assert code == 2
        assert told in said
    assert not any((tmp_path / name).exists() for name in ("a", "b", "c", "d.png"))


def test_the_columns_of_a_table_that_are_translated(crossgap, judged, tmp_path) -> None:
    """Two cameras of two sizes; only that of the model's size is translated, and rows go with both images."""
    data, sizes = tmp_path / "data", {"front": SIZE, "wrist": SIZE + 8}
    for camera, size in sizes.items():
        for at, level in enumerate((0, 51, 102)):
            save(np.full((size, size, 3), level, np.uint8), data / camera / f"{at}.png")
    rows = [f"front/{at}.png,wrist/{at}.png,{bright}" for at, bright in enumerate((1.0, -0.6, 0.2))]
    (data / "labels.csv").write_text("\n".join(["front,wrist,bright", *rows]) + "\n")
    assert crossgap(judged, data, tmp_path / "out")[0] == 2, "the wrist's are of another size"
    code, said = crossgap(judged, data, tmp_path / "out", "--camera", "front", "--reject-above", "0.01")
    assert code == 0, said
    assert "Yield: 2 of 3" in said
    found = tmp_path / "out"
    assert (found / "labels.csv").read_text().splitlines() == ["front,wrist,bright", rows[0], rows[2]]
    assert sorted(path.name for path in (found / "wrist").iterdir()) == ["0.png", "2.png"]
    assert (found / "wrist" / "0.png").read_bytes() == (data / "wrist" / "0.png").read_bytes()
    assert read_folder(found, camera="front").images.mean((1, 2, 3)).tolist() == [255, 153]
    code, said = crossgap(judged, data, tmp_path / "other", "--camera", "top")
    assert code == 2
    assert "Available: front, wrist" in said
