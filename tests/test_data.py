"""Data sets: to a folder and back, damaged in every way, and in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.data import (
    LabelledImages,
    LabelScale,
    read_folder,
    read_unlabelled,
    write_folder,
)
from crossgap.data import folder as folder_module
from crossgap.errors import CrossgapError


def random_data(n: int = 6, size: int = 16) -> LabelledImages:
    rng = np.random.default_rng(0)
    return LabelledImages(
        images=rng.integers(0, 256, (n, size, size, 3), np.uint8),
        labels=rng.normal(size=(n, 2)).astype(np.float32),
        label_names=("angle", "force"),
        episodes=np.arange(n) // 2,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good data set of six images, to be damaged."""
    path = tmp_path / "set"
    write_folder(path, random_data())
    return path


# folder


def test_write_and_read_give_the_same_data(folder: Path) -> None:
    data, back = random_data(), read_folder(folder)
    np.testing.assert_array_equal(back.images, data.images)
    np.testing.assert_array_equal(back.labels, data.labels)
    np.testing.assert_array_equal(back.episodes, data.episodes)
    assert back.label_names == data.label_names
    assert back.labels.dtype == np.float32
    table = (folder / "labels.csv").read_text().splitlines()
    assert table[0] == "image,episode,step,angle,force"
    assert [row.split(",")[1:3] for row in table[1:4]] == [["0", "0"], ["0", "1"], ["1", "0"]]


def test_labels_can_be_chosen_and_ordered(folder: Path) -> None:
    back = read_folder(folder, labels=["force", "angle"])
    np.testing.assert_array_equal(back.labels, random_data().labels[:, ::-1])
    assert read_folder(folder, labels=[]).labels.shape == (6, 0)


def test_a_hand_made_folder_of_jpegs_without_episodes(tmp_path: Path) -> None:
    for index in range(2):
        Image.new("L", (8, 8), 100 * index).save(tmp_path / f"{index}.jpg")
    (tmp_path / "labels.csv").write_text("angle,image\n0.5,0.jpg\n-2e-1,1.jpg\n")
    data = read_folder(tmp_path)
    assert data.images.shape == (2, 8, 8, 3)
    assert data.images[1].mean() == pytest.approx(100, abs=2)
    np.testing.assert_allclose(data.labels, [[0.5], [-0.2]])
    np.testing.assert_array_equal(data.episodes, [0, 1])


def strip_folder(root: Path, pixels: np.ndarray, cells: list[str]) -> Path:
    """A folder whose only image file is `strip.png`, and a table that names frames of it."""
    root.mkdir()
    Image.fromarray(pixels).save(root / "strip.png")
    rows = [f"{cell},{value}" for value, cell in enumerate(cells)]
    (root / "labels.csv").write_text("\n".join(["image,angle", *rows]))
    return root


def test_frames_of_a_strip_are_square_and_counted_from_the_top(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 4, 3), dtype=np.uint8)
    data = read_folder(strip_folder(tmp_path / "strip", pixels, ["strip.png#2", "strip.png#0"]))
    np.testing.assert_array_equal(data.images, [pixels[8:12], pixels[0:4]])
    np.testing.assert_array_equal(data.labels, [[0], [1]])


def test_a_label_for_a_frame_that_a_strip_does_not_have(tmp_path: Path) -> None:
    folder = strip_folder(tmp_path / "strip", np.zeros((12, 4, 3), np.uint8), ["strip.png#3"])
    with pytest.raises(CrossgapError, match=r"strip\.png: no frame 3, but labels.csv .* Available: 0 to 2\."):
        read_folder(folder)


def test_a_strip_of_frames_that_are_not_square(tmp_path: Path) -> None:
    folder = strip_folder(tmp_path / "strip", np.zeros((10, 4, 3), np.uint8), ["strip.png#0"])
    with pytest.raises(CrossgapError, match=r"strip\.png: 4×10 pixels. Expected a strip of square frames"):
        read_folder(folder)


def test_unlabelled_images_with_a_table_and_without(folder: Path) -> None:
    labelled = read_folder(folder)
    for _ in range(2):
        data = read_unlabelled(folder)
        np.testing.assert_array_equal(data.images, labelled.images)
        assert data.labels.shape == (len(labelled), 0)
        assert data.label_names == ()
        (folder / "labels.csv").unlink(missing_ok=True)


def test_an_unlabelled_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(CrossgapError, match=r"has no images. Expected \.png, \.jpg"):
        read_unlabelled(tmp_path)


def test_an_image_of_16_bits_is_not_clipped_but_refused(folder: Path) -> None:
    Image.fromarray(np.full((16, 16), 40_000, np.uint16)).save(folder / "images" / "000003.png")
    with pytest.raises(
        CrossgapError, match=r"000003\.png: 16 bits per channel, from 40000 to 40000. Expected 8 bits.*-range"
    ):
        read_folder(folder)


def test_a_viewer_s_hidden_thumbnails_are_nobody_s_data(folder: Path) -> None:
    (folder / ".thumbs").mkdir()
    Image.new("RGB", (4, 4)).save(folder / ".thumbs" / "a.png")
    assert len(read_folder(folder)) == 6


def test_an_existing_folder_is_never_overwritten(folder: Path, tree) -> None:
    before = tree(folder)
    with pytest.raises(CrossgapError, match=r"set exists already\. Expected a new folder"):
        write_folder(folder, random_data(2))
    assert tree(folder) == before


def edit(folder: Path, change) -> None:
    table = folder / "labels.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    change(rows)
    table.write_text("\n".join(",".join(row) for row in rows) + "\n")


def set_cell(line: int, column: int, text: str):
    def change(rows: list[list[str]]) -> None:
        rows[line - 1][column] = text

    return change


@pytest.mark.parametrize("value", ["nan", "inf", "", "fast"])
def test_a_label_that_is_no_finite_number(folder: Path, value: str) -> None:
    edit(folder, set_cell(3, 4, value))
    found = f"'{value}'" if value else "nothing"
    message = rf"labels\.csv, line 3, column 'force': expected a finite number, found {found}"
    with pytest.raises(CrossgapError, match=message):
        read_folder(folder)


def test_an_episode_that_is_no_number(folder: Path) -> None:
    edit(folder, set_cell(2, 1, "first"))
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 2, column 'episode': expected a finite"):
        read_folder(folder)


def test_a_row_that_is_too_short(folder: Path) -> None:
    edit(folder, lambda rows: rows[3].pop())
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 4, column 'force'.* found nothing"):
        read_folder(folder)


def test_two_rows_of_one_image(folder: Path) -> None:
    edit(folder, lambda rows: rows.append([*rows[2]]))
    assert len(read_folder(folder)) == 7  # twice the same says nothing wrong
    edit(folder, set_cell(8, 4, "0.5"))
    with pytest.raises(CrossgapError, match=r"line 8: images/000001.png has other labels in line 3\."):
        read_folder(folder)


def test_a_row_that_is_too_long(folder: Path) -> None:
    edit(folder, lambda rows: rows[3].append("5"))
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 4: expected 5 cells"):
        read_folder(folder)


def test_a_row_without_an_image_name(folder: Path) -> None:
    edit(folder, set_cell(3, 0, ""))
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 3, column 'image': expected a file name"):
        read_folder(folder)


def test_a_missing_label_column(folder: Path) -> None:
    with pytest.raises(CrossgapError, match=r"labels\.csv has no label column 'mass'.*angle, force"):
        read_folder(folder, labels=["angle", "mass"])


def test_a_table_without_image_column(folder: Path) -> None:
    edit(folder, set_cell(1, 0, "file"))
    assert np.array_equal(read_folder(folder).images, random_data().images), "its cells name images"
    edit(folder, set_cell(2, 0, "0"))
    with pytest.raises(CrossgapError, match=r"labels\.csv has no column 'image'.*file, episode"):
        read_folder(folder)


def test_a_column_that_is_there_twice(folder: Path) -> None:
    edit(folder, set_cell(1, 4, "angle"))
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 1: column 'angle' is there twice"):
        read_folder(folder)


def test_a_table_may_name_its_images_by_other_paths(folder: Path) -> None:
    whole = read_unlabelled(folder)
    lines = (folder / "labels.csv").read_text().splitlines()
    first, *rest = lines[1].split(",")
    for other in (str((folder / first).resolve()), f"images/../{first}"):
        (folder / "labels.csv").write_text("\n".join([lines[0], ",".join([other, *rest]), *lines[2:]]) + "\n")
        assert len(read_unlabelled(folder)) == len(whole)


def test_images_without_a_row_are_there_where_no_labels_are_wanted(folder: Path) -> None:
    whole = read_unlabelled(folder)
    lines = (folder / "labels.csv").read_text().splitlines()
    (folder / "labels.csv").write_text("\n".join(lines[:-2]) + "\n")
    part = read_unlabelled(folder)
    np.testing.assert_array_equal(part.images, whole.images)
    assert part.label_names == ()
    with pytest.raises(CrossgapError, match=r"in another folder, for --unlabelled"):
        read_folder(folder)
    (folder / "labels.csv").write_text("\n".join([lines[0], "images/none.png,0,0,1,1"]) + "\n")
    with pytest.raises(CrossgapError, match=r"line 2: no image .*none\.png"):
        read_unlabelled(folder)


@pytest.mark.parametrize("content", ["", "image,episode,step,angle\n"])
def test_a_table_without_rows(folder: Path, content: str) -> None:
    (folder / "labels.csv").write_text(content)
    with pytest.raises(CrossgapError, match=r"labels\.csv has no rows\. Expected a header and one row"):
        read_folder(folder)


def test_a_table_that_is_not_text(folder: Path) -> None:
    (folder / "labels.csv").write_bytes(b"image\xff\xfe\x00")
    with pytest.raises(CrossgapError, match=r"labels\.csv is not a UTF-8 text file"):
        read_folder(folder)


def test_no_table(folder: Path) -> None:
    (folder / "labels.csv").unlink()
    with pytest.raises(CrossgapError, match=r"No labels\.csv in .*set\. Expected one row per image"):
        read_folder(folder)


@pytest.mark.parametrize("form", ["png", "jpg"])
def test_an_image_cut_anywhere_is_named_or_read_whole(folder: Path, form: str) -> None:
    path = folder / "images" / "000003.png"
    Image.fromarray(random_data().images[3]).save(path, "PNG" if form == "png" else "JPEG")
    whole, pixels = path.read_bytes(), read_folder(folder).images[3]
    refused = 0
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(read_folder(folder).images[3], pixels)
        except CrossgapError as error:
            assert "000003.png: damaged or truncated image" in str(error)  # noqa: PT017
            assert "Expected a whole PNG, JPEG, BMP or TIFF" in str(error)  # noqa: PT017
            refused += 1
    assert refused >= 0.9 * len(range(0, len(whole), 7))


def test_an_image_that_is_a_folder(folder: Path) -> None:
    path = folder / "images" / "000003.png"
    path.unlink()
    path.mkdir()
    with pytest.raises(CrossgapError, match=r"000003\.png"):
        read_folder(folder)


def test_images_of_two_sizes(folder: Path) -> None:
    Image.new("RGB", (16, 12)).save(folder / "images" / "000004.png")
    with pytest.raises(CrossgapError, match=r"000004\.png: 16×12 pixels, but 000000\.png has 16×16.*one"):
        read_folder(folder)


def test_a_label_without_an_image(folder: Path) -> None:
    (folder / "images" / "000002.png").unlink()
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 4: no image .*000002\.png\."):
        read_folder(folder)


def test_a_table_from_windows_and_one_from_a_spreadsheet(folder: Path) -> None:
    whole, table = read_folder(folder), folder / "labels.csv"
    text = table.read_text()
    for other in (
        text.replace("images/", "images\\"),
        text.replace(",", ", "),
        text.replace("force", "force "),
    ):
        table.write_text(other)
        data = read_folder(folder)
        assert data.label_names == whole.label_names
        np.testing.assert_array_equal(data.images, whole.images)
        np.testing.assert_array_equal(data.labels, whole.labels)


def test_a_column_without_a_name_and_a_label_named_twice(folder: Path) -> None:
    with pytest.raises(CrossgapError, match="angle, angle name a column twice"):
        read_folder(folder, ("angle", "angle"))
    table = folder / "labels.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f",{head}", *(f"{i},{row}" for i, row in enumerate(rows))]))
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 1: a column without a name"):
        read_folder(folder)


def test_an_image_without_a_label(folder: Path) -> None:
    edit(folder, lambda rows: rows.pop(5))
    with pytest.raises(CrossgapError, match=r"000004\.png: an image without a label\. Expected a row"):
        read_folder(folder)


def test_no_folder_an_empty_folder_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match=r"No folder at .*missing\. Expected a folder of images"):
        read_folder(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CrossgapError, match=r"empty is empty\. Expected images and a labels\.csv"):
        read_folder(tmp_path / "empty")
    (tmp_path / "file").touch()
    with pytest.raises(CrossgapError, match=r"file is a file\. Expected a folder of images"):
        read_folder(tmp_path / "file")


def test_a_full_disk_leaves_nothing_of_a_data_set(full_disk: Path) -> None:
    with pytest.raises(CrossgapError, match=r"Could not write .*set: No space left on device"):
        write_folder(full_disk / "set", random_data(200, 64))
    assert list(full_disk.iterdir()) == []


def test_an_error_in_the_middle_of_writing_leaves_nothing(tmp_path: Path, no_space) -> None:
    no_space(folder_module, "write_table")
    with pytest.raises(CrossgapError, match=r"Could not write .*set: No space left on device"):
        write_folder(tmp_path / "set", random_data())
    assert list(tmp_path.iterdir()) == []


# in memory


def test_images_and_labels_must_fit_together() -> None:
    data = random_data()
    for change, message in (
        ({"images": data.images.astype(float)}, "uint8"),
        ({"images": data.images[..., :1]}, r"\(n, H, W, 3\)"),
        ({"labels": data.labels[:5]}, r"6 images need labels of shape \(6, 2\).*got \(5, 2\)"),
        ({"label_names": ("angle",)}, r"shape \(6, 1\)"),
        ({"episodes": data.episodes[:2]}, "6 episodes"),
        ({"episodes": data.episodes + 0.2}, "Episodes must be whole numbers, one per image; got float64"),
        ({"label_names": ("angle", "angle")}, "angle, angle name one twice"),
        ({"labels": np.where(data.labels > 0, np.nan, data.labels)}, "NaN or infinity"),
    ):
        with pytest.raises(CrossgapError, match=message):
            replace(data, **change)


def test_select_takes_images_labels_and_episodes_together() -> None:
    data = random_data()
    part = data.select(data.episodes == 1)
    np.testing.assert_array_equal(part.images, data.images[2:4])
    np.testing.assert_array_equal(part.labels, data.labels[2:4])
    assert part.episodes.tolist() == [1, 1]


def test_label_scale_by_hand() -> None:
    data = replace(random_data(4), labels=np.array([[1, 5], [3, 5.5], [1, 5.5], [3, 5]], np.float32))
    scale = LabelScale.of(data)
    assert scale.mean == (2.0, 5.25)
    assert scale.spread == pytest.approx((1.0, 0.25))
    scaled = scale.apply(data.labels)
    np.testing.assert_allclose(scaled, [[-1, -1], [1, 1], [-1, 1], [1, -1]])
    np.testing.assert_allclose(scale.invert(scaled), data.labels)


@pytest.mark.parametrize("constant", [[5, 5], [0, 0], [0.1, np.nextafter(np.float32(0.1), 1)], [-500, -500]])
def test_a_label_that_never_varies_has_no_scale(constant: list[float]) -> None:
    column = np.array(constant * 2, np.float32)
    data = replace(random_data(4), labels=np.stack([np.arange(4, dtype=np.float32), column], 1))
    with pytest.raises(CrossgapError, match=rf"Label 'force' is {constant[0]:g} for every image\. Expected"):
        LabelScale.of(data)
    with pytest.raises(CrossgapError, match="there are none"):
        LabelScale.of(data.select(slice(0)))


@pytest.mark.parametrize("spread", [1e-12, 1e-3])
def test_a_label_that_varies_a_little_is_scaled_to_one(spread: float) -> None:
    column = np.array([-spread, spread] * 2, np.float32) + (1000 if spread > 1e-6 else 0)
    data = replace(random_data(4), labels=np.stack([column, column], 1))
    np.testing.assert_allclose(np.abs(LabelScale.of(data).apply(data.labels)), 1, rtol=0.1)
