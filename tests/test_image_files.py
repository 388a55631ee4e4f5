"""Which files of a folder are images, and which strips: through links, and nothing vanishes unsaid."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from crossgap.data import image_file, read_folder, read_unlabelled
from crossgap.data.image_file import save_image
from crossgap.errors import CrossgapError

FRAMES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
"""Six images, to be images or frames."""


def images(folder: Path, of=range(4)) -> Path:
    """A new folder of some of them, each a file."""
    folder.mkdir(parents=True)
    for index in of:
        save_image(FRAMES[index], folder / f"{index}.png")
    return folder


def table(folder: Path, *cells: str) -> Path:
    """The folder, with a table that names these."""
    text = "\n".join(["image,x", *(f"{cell},{row}" for row, cell in enumerate(cells))])
    (folder / "labels.csv").write_text(text)
    return folder


def test_images_in_a_linked_folder_are_seen(tmp_path: Path) -> None:
    day = images(tmp_path / "elsewhere" / "day2")
    mixed = images(tmp_path / "mixed", [5])
    (mixed / "day2").symlink_to(day)
    np.testing.assert_array_equal(read_unlabelled(mixed).images, FRAMES[[5, 0, 1, 2, 3]])
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "images").symlink_to(day.parent)
    np.testing.assert_array_equal(read_unlabelled(linked).images, FRAMES[:4])
    table(linked, "images/day2/0.png", "images/day2/1.png")
    with pytest.raises(CrossgapError, match=r"day2/2\.png: an image without a label"):
        read_folder(linked)
    assert len(read_folder(table(linked, *(f"images/day2/{i}.png" for i in range(4))))) == 4


def test_links_that_lead_round_and_twice_to_one_place(tmp_path: Path) -> None:
    folder = images(tmp_path / "set")
    (folder / "round").symlink_to(folder)
    (folder / "other").symlink_to(images(tmp_path / "other", [4]))
    (folder / "twice").symlink_to(tmp_path / "other")
    (folder / "again.png").symlink_to(folder / "0.png")
    assert len(read_unlabelled(folder)) == 5
    assert len(read_folder(table(folder, *(f"{i}.png" for i in range(4)), "twice/4.png"))) == 5


@pytest.mark.parametrize("name", ["day3", "9.png"])
def test_a_link_to_nothing_is_said(tmp_path: Path, name: str) -> None:
    folder = images(tmp_path / "set")
    (folder / name).symlink_to(tmp_path / "gone")
    for read in (read_unlabelled, lambda path: read_folder(table(path, *(f"{i}.png" for i in range(4))))):
        with pytest.raises(CrossgapError, match=rf"{name} is a link to .*gone, which is not there"):
            read(folder)


def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch) -> None:
    folder = images(images(tmp_path / "set").joinpath("locked"), [4])
    whole = Path.iterdir

    def iterdir(path: Path):
        if path == folder:
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)  # tests may run as root, who may read all
    with pytest.raises(CrossgapError, match=r"set/locked cannot be read: Permission denied"):
        read_unlabelled(tmp_path / "set")


def test_a_photograph_twice_as_high_as_wide_is_no_strip(tmp_path: Path) -> None:
    save_image(np.concatenate(FRAMES[:2]), tmp_path / "portrait.png")
    data = read_unlabelled(tmp_path)
    np.testing.assert_array_equal(data.images, [np.concatenate(FRAMES[:2])])
    save_image(FRAMES[2], tmp_path / "square.png")
    with pytest.raises(
        CrossgapError, match=r"8×16.* Expected one size\. Only what labels\.csv names frame by"
    ):
        read_unlabelled(tmp_path)


def collected(folder: Path, about: dict) -> Path:
    """Two strips of three frames, and what is beside them."""
    (folder / "images").mkdir(parents=True)
    for index in range(2):
        save_image(np.concatenate(FRAMES[3 * index :][:3]), folder / "images" / f"{index}.png")
    (folder / "dataset.json").write_text(json.dumps(about))
    return folder


def test_strips_that_collect_made_are_read_frame_by_frame(tmp_path: Path) -> None:
    folder = collected(tmp_path / "set" / "real", {"size": 8, "steps": 3})
    for root in (folder, folder.parent, folder / "images"):
        data = read_unlabelled(root)
        np.testing.assert_array_equal(data.images, FRAMES)
        assert data.episodes.tolist() == [0, 0, 0, 1, 1, 1]
    named = table(folder, *(f"images/0.png#{frame}" for frame in range(3)))
    np.testing.assert_array_equal(read_unlabelled(named).images, FRAMES)
    strip = folder / "images" / "1.png"
    strip.write_bytes(strip.read_bytes()[:20])
    with pytest.raises(CrossgapError, match=r"1\.png: damaged or truncated"):
        read_unlabelled(folder)


@pytest.mark.parametrize("about", [{}, [], {"size": 8}, {"size": 8, "steps": 4}, {"size": "8", "steps": "3"}])
def test_another_program_s_dataset_json_makes_no_strips(tmp_path: Path, about) -> None:
    folder = collected(tmp_path / "set", about)
    assert read_unlabelled(folder).images.shape == (2, 24, 8, 3)


def test_rows_without_an_episode_join_none(tmp_path: Path) -> None:
    folder = images(tmp_path / "set")
    (folder / "labels.csv").write_text("image,episode\n0.png,\n1.png,0\n2.png,1\n3.png,\n")
    for read in (read_folder, read_unlabelled):
        episodes = read(folder).episodes
        assert len(set(episodes)) == 4
        assert episodes[1:3].tolist() == [0, 1]
    save_image(FRAMES[4], folder / "4.png")
    assert len(set(read_unlabelled(folder).episodes)) == 5


def test_one_image_under_two_paths_has_one_label(tmp_path: Path) -> None:
    folder = images(tmp_path / "set", [0])
    with pytest.raises(CrossgapError, match=r"line 3: \./0\.png has other labels in line 2"):
        read_folder(table(folder, "0.png", "./0.png"))


def test_a_step_that_is_no_whole_number(tmp_path: Path) -> None:
    folder = images(tmp_path / "set", [0])
    (folder / "labels.csv").write_text("image,step,x\n0.png,0.5,1\n")
    with pytest.raises(CrossgapError, match=r"line 2, column 'step': expected a whole number, found '0\.5'"):
        read_folder(folder)


@pytest.mark.parametrize("cell", ["images", "images/", "nothing.png", ".."])
def test_a_row_that_names_no_file(tmp_path: Path, cell: str) -> None:
    images(tmp_path / "set" / "images")
    with pytest.raises(
        CrossgapError, match=r"labels\.csv, line 2: no image .* Expected paths from the folder"
    ):
        read_folder(table(tmp_path / "set", cell))


def test_each_strip_is_opened_once(tmp_path: Path, monkeypatch) -> None:
    folder, opened = collected(tmp_path / "set", {"size": 8, "steps": 3}), []
    whole = image_file.read_image
    monkeypatch.setattr(image_file, "read_image", lambda path: opened.append(path.name) or whole(path))
    read_unlabelled(folder)
    assert opened == ["0.png", "1.png"]


@pytest.mark.parametrize("name", ["x.webp", "day2/x.GIF", "x.heic"])
def test_an_image_of_a_format_that_is_not_read_is_said(tmp_path: Path, name: str) -> None:
    root = table(images(tmp_path / "data"), *(f"{index}.png" for index in range(4)))
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"RIFF")
    expected = (
        rf"{root / name}: an image of a format .* Expected \.png, .*: convert it, or move it out of {root}"
    )
    for read in (read_folder, read_unlabelled):
        with pytest.raises(CrossgapError, match=expected):
            read(root)
    (root / name).rename((root / name).with_name(".x.gif"))
    for read in (read_folder, read_unlabelled):
        assert len(read(root)) == 4


def test_of_a_file_that_the_table_names_the_content_says_what_it_is(tmp_path: Path) -> None:
    root = images(tmp_path / "data", [0])
    (root / "0.png").rename(root / "0.gif")
    np.testing.assert_array_equal(read_folder(table(root, "0.gif")).images, FRAMES[:1])
