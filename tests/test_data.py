"""Data sets: to a folder and back, collected from the simulation, damaged in every way, and in batches."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossgap.data import (
    Collection,
    LabelledImages,
    LabelScale,
    collect,
    read_folder,
    read_unlabelled,
    write_folder,
)
from crossgap.data import folder as folder_module
from crossgap.data.augmentation import image_augmentation
from crossgap.data.batches import Batches, to_tensor
from crossgap.errors import CrossgapError
from crossgap.simulation import kinematics

SMALL = Collection("source", episodes=3, steps=4, size=24, seed=7)


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
    with pytest.raises(CrossgapError, match=r"000003\.png: pixels of mode I;16. Expected 8 bits"):
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
    message = rf"labels\.csv, line 3, column 'force': expected a finite number, found '{value}'"
    with pytest.raises(CrossgapError, match=message):
        read_folder(folder)


def test_an_episode_that_is_no_number(folder: Path) -> None:
    edit(folder, set_cell(2, 1, "first"))
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 2, column 'episode': expected a finite"):
        read_folder(folder)


def test_a_row_that_is_too_short(folder: Path) -> None:
    edit(folder, lambda rows: rows[3].pop())
    with pytest.raises(CrossgapError, match=r"labels\.csv, line 4, column 'force'.* found None"):
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
    with pytest.raises(CrossgapError, match=r"labels\.csv has no column 'image'.*file, episode"):
        read_folder(folder)


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
            assert "Expected a whole PNG, JPEG or BMP" in str(error)  # noqa: PT017
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
    with pytest.raises(CrossgapError, match=r"000002\.png: no such image, but labels\.csv has a label"):
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
    data = replace(random_data(4), labels=np.array([[1, 5], [3, 5], [1, 5], [3, 5]], np.float32))
    scale = LabelScale.of(data)
    assert scale.mean == (2.0, 5.0)
    assert scale.spread[0] == pytest.approx(1.0)
    scaled = scale.apply(data.labels)
    np.testing.assert_allclose(scaled, [[-1, 0], [1, 0], [-1, 0], [1, 0]])  # a constant label too
    np.testing.assert_allclose(scale.invert(scaled), data.labels)


# collected


def test_equal_seeds_give_true_pairs_in_two_looks(tmp_path: Path) -> None:
    a, b, other = (
        read_folder(collect(collection, tmp_path / name, workers=1))
        for name, collection in (
            ("a", SMALL), ("b", replace(SMALL, look="target_b")), ("other", replace(SMALL, seed=8)),
        )
    )  # fmt: skip
    np.testing.assert_array_equal(a.labels, b.labels)
    assert not np.array_equal(a.labels, other.labels)
    assert (a.images != b.images).mean() > 0.5
    assert a.images.shape == (12, 24, 24, 3)
    assert a.episodes.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_collected_labels_are_the_demonstrator_s(tmp_path: Path) -> None:
    data = read_folder(collect(SMALL, tmp_path / "a", workers=1))
    assert data.label_names == ("joint_velocity_1", "joint_velocity_2", "joint_velocity_3")
    distance = np.abs(data.labels).sum(1).reshape(3, 4)  # the L1 norm is the tip–target distance
    assert (distance[:, 0] > kinematics.SUCCESS_DISTANCE).any()
    np.testing.assert_allclose(distance[:, -1], 0, atol=1e-6)


KILLED = """
import multiprocessing, os, signal, sys
from crossgap.data import Collection, collect

def track(items, description, total):
    for done, item in enumerate(items, 1):
        yield item
        if done == 2:  # of five chunks
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    collect(Collection("target_c", episodes=60, steps=4, size=24, seed=7), sys.argv[1], 2, track)
"""


def test_a_killed_collection_goes_on_and_equals_one_left_alone(tmp_path: Path, python, all_end, tree) -> None:
    collection = Collection("target_c", episodes=60, steps=4, size=24, seed=7)
    killed = python(KILLED, tmp_path / "killed")
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "killed").exists()
    partial = tmp_path / ".killed.partial"
    assert partial.exists()
    assert all_end([int(pid) for pid in killed.stdout.split()]), "orphans would write on beside the next run"
    table = partial / "labels-000000.csv"
    done_before = table.stat().st_mtime_ns
    kept = []

    def track(items, description, total):
        kept.append((total, table.stat().st_mtime_ns))
        return items

    collect(collection, tmp_path / "killed", track=track)
    ((chunks, time_of_first),) = kept
    assert chunks <= 3  # the two that were done are not done twice
    assert time_of_first == done_before
    alone = collect(collection, tmp_path / "alone", workers=1)
    assert tree(tmp_path / "killed") == tree(alone)
    assert {path.name for path in tmp_path.iterdir()} == {"killed", "alone"}


def test_a_finished_collection_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(SMALL, tmp_path / "a", workers=1)
    monkeypatch.setattr(sys.modules["crossgap.data.collect"], "_collect_chunks", None)
    assert collect(SMALL, tmp_path / "a") == tmp_path / "a"


def test_the_rest_of_another_collection_is_thrown_away(tmp_path: Path, tree) -> None:
    collect(SMALL, tmp_path / "a", workers=1)
    collect(replace(SMALL, seed=8), tmp_path / "b", workers=1)
    shutil.move(tmp_path / "b", tmp_path / ".c.partial")
    collect(SMALL, tmp_path / "c", workers=1)
    assert tree(tmp_path / "a") == tree(tmp_path / "c")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, tree) -> None:
    collect(SMALL, tmp_path / "a", workers=1)
    before = tree(tmp_path)
    with pytest.raises(CrossgapError, match=r"a holds another collection \(seed 7 there, 9 here\)\. Choose"):
        collect(replace(SMALL, seed=9), tmp_path / "a")
    (tmp_path / "b").mkdir()
    with pytest.raises(CrossgapError, match=r"b exists and is not a collected data set"):
        collect(SMALL, tmp_path / "b")
    (tmp_path / "c").touch()
    for path in (tmp_path / "c", tmp_path / "c" / "d"):
        with pytest.raises(CrossgapError, match=r"c is a file|Could not write"):
            collect(SMALL, path)
    (tmp_path / "c").unlink()
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"look": "marble"}, "Look 'marble' not found. Available: source"),
        ({"randomization": "wild"}, "Randomization 'wild' not found. Available: .*none"),
        ({"episodes": 0}, "at least 1 episode"),
        ({"steps": 1}, "at least 2 steps"),
        ({"size": 0}, "at least 1 pixel"),
    ],
)
def test_a_collection_that_cannot_be(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        collect(replace(SMALL, **change), tmp_path / "a", workers=1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_of_a_collection(full_disk: Path) -> None:
    with pytest.raises(CrossgapError, match=r"Could not write .*: No space left on device"):
        collect(replace(SMALL, episodes=60, size=64), full_disk / "a", workers=2)
    assert list(full_disk.iterdir()) == []


# batches


def batches(n: int, size: int, **kwargs) -> Batches:
    return Batches(torch.zeros(n, 3, 4, 4), torch.arange(float(n))[:, None], size, seed=3, **kwargs)


@pytest.mark.parametrize(("n", "size"), [(12, 4), (10, 4), (3, 5)])
def test_every_image_once_per_epoch(n: int, size: int) -> None:
    data = batches(n, size)
    seen = np.concatenate([data.indices(step) for step in range(3 * n)])
    for epoch in range(3 * size):
        assert sorted(seen[epoch * n : (epoch + 1) * n]) == list(range(n))
    assert not np.array_equal(seen[:n], seen[n : 2 * n]) or not np.array_equal(seen[:n], seen[2 * n : 3 * n])


def test_a_batch_depends_on_the_step_and_the_seed_alone() -> None:
    forward, backward = batches(10, 4), batches(10, 4)
    steps = [forward.indices(step) for step in range(9)]
    for step in reversed(range(9)):
        np.testing.assert_array_equal(backward.indices(step), steps[step])
    other = batches(10, 4)
    other.seed = 4
    assert any(not np.array_equal(other.indices(step), steps[step]) for step in range(9))


@pytest.mark.parametrize("world", [2, 4])
def test_shares_of_several_devices_are_disjoint_and_together_the_batch(world: int) -> None:
    whole, shares = batches(10, 4), [batches(10, 4, rank=rank, world=world) for rank in range(world)]
    for step in range(5):
        parts = [share.indices(step) for share in shares]
        assert {len(part) for part in parts} == {4 // world}
        assert sorted(np.concatenate(parts)) == sorted(whole.indices(step))


def test_batches_hold_the_images_and_their_scaled_labels() -> None:
    data = random_data()
    scale = LabelScale.of(data)
    made = Batches(torch.from_numpy(data.images), torch.from_numpy(scale.apply(data.labels)), 4, 0)
    images, labels = made(1)
    index = made.indices(1)
    torch.testing.assert_close(images, to_tensor(data.images)[index])
    np.testing.assert_array_equal(labels.numpy(), scale.apply(data.labels)[index])


def test_batches_augment_their_images_and_leave_the_set_as_it_is() -> None:
    pixels = torch.zeros(4, 3, 2, 2)
    made = Batches(pixels, torch.zeros(4, 1), 2, 0, augment=lambda images: images + 0.5)
    assert (made(0)[0] == 0.5).all()
    assert (pixels == 0).all()


def test_image_augmentation_changes_images_within_their_range_and_as_the_seed_says() -> None:
    images = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    augment, again = image_augmentation(), image_augmentation()
    torch.manual_seed(5)
    changed = augment(images)
    torch.manual_seed(5)
    torch.testing.assert_close(again(images), changed, rtol=0, atol=0)
    assert changed.shape == images.shape
    assert changed.min() >= -1
    assert changed.max() <= 1
    assert (changed - images).flatten(1).abs().mean(1).gt(0.01).float().mean() > 0.6


def test_pixels_become_minus_1_to_1() -> None:
    pixels = np.zeros((1, 2, 3, 3), np.uint8)
    pixels[0, 1, 2] = 255, 51, 0
    tensor = to_tensor(pixels)
    assert tensor.shape == (1, 3, 2, 3)
    torch.testing.assert_close(tensor[0, :, 1, 2], torch.tensor([1.0, -0.6, -1.0]))
    assert tensor[0, :, 0, 0].tolist() == [-1, -1, -1]
