"""Images in two data sets: what was trained on is no test, image by image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crossgap.base.files import write_json
from crossgap.commands.evaluate.checks import check_data
from crossgap.commands.options import Beside, Given
from crossgap.commands.own_data import OwnData, read_own_data
from crossgap.data import LabelledImages, write_folder
from crossgap.data.images import describe, image_digests
from crossgap.data.overlap import SEEN, count_seen, keep_seen, without_known
from crossgap.errors import CrossgapError


def some(n: int, seed: int, labels: bool = True) -> LabelledImages:
    """Random images, an episode of two each."""
    rng = np.random.default_rng(seed)
    data = LabelledImages(
        rng.integers(0, 256, (n, 24, 24, 3), np.uint8),
        rng.random((n, 1), np.float32),
        ("angle",),
        np.arange(n) // 2,
    )
    return data if labels else data.without_labels()


def joined(one: LabelledImages, other: LabelledImages) -> LabelledImages:
    return replace(
        one,
        images=np.concatenate([one.images, other.images]),
        labels=np.concatenate([one.labels, other.labels]),
        episodes=np.arange(len(one) + len(other)),
    )


def said(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_a_digest_per_image() -> None:
    images = some(4, 0).images
    images[2] = images[0]
    digests = image_digests(images)
    assert digests.shape == (4,)
    assert digests[0] == digests[2]
    assert len(set(digests.tolist())) == 3
    images[2, 5, 5, 1] ^= 1
    assert len(set(image_digests(images[::-1]).tolist())) == 4


def test_held_out_images_are_left_out_of_the_unlabelled_ones(capsys) -> None:
    target, further = some(8, 0), some(3, 1, labels=False)
    unlabelled = joined(target.without_labels(), further)
    source = joined(some(5, 2), target.select(slice(1)))
    about = {"unlabelled": {"path": "b"}}
    data = OwnData(source, target, {"unlabelled": unlabelled}, None, {}, about)  # type: ignore[arg-type]
    held = np.arange(8) < 2
    kept, test = data.hold_out(held)
    np.testing.assert_array_equal(test.images, target.images[:2])
    np.testing.assert_array_equal(kept.target.images, target.images[2:])
    np.testing.assert_array_equal(kept.extra["unlabelled"].images, unlabelled.images[2:])
    assert kept.extra_about["unlabelled"] == {"path": "b", **describe(unlabelled.select(slice(2, None)))}
    words = said(capsys)
    assert "--unlabelled: 2 of its images are held out for the test: left out" in words
    assert "--source: 1 of the 6 images to train with are held out for the test, too" in words
    assert "--target" not in words
    again = replace(data, target=joined(target.select(slice(7)), target.select(slice(1))))
    again.hold_out(held)
    assert "--target: 1 of the 6 images to train with are held out for the test" in said(capsys)


def test_images_that_are_in_the_source_too_are_said(tmp_path: Path, capsys) -> None:
    source, target = some(6, 0), some(4, 1)
    for name, data in (("source", source), ("target", joined(target, source.select(slice(2))))):
        write_folder(tmp_path / name, data)
    read_own_data(Given(tmp_path / "source", tmp_path / "target", tmp_path / "run"))
    assert "2 of the 6 images of --target are in --source, too" in said(capsys)


def test_whole_numbers_are_said_to_be_learnt_as_numbers(tmp_path: Path, capsys) -> None:
    source, target = some(8, 0), some(8, 1)
    whole = np.arange(8, dtype=np.float32)[:, None] % 3
    for values, word in ((whole, True), (whole + 0.5, False), (whole - 1, False), (5 * whole, True)):
        folder = tmp_path / str(values[0, 0]) / str(values[-1, 0])
        write_folder(folder / "source", replace(source, labels=values))
        write_folder(folder / "target", replace(target, labels=values))
        read_own_data(Given(folder / "source", folder / "target", folder / "run"))
        words = said(capsys)
        assert ("whole numbers" in words) == word
        assert (f"if they are classes, --classes {values.max() + 1:.0f}" in words) == word
    write_folder(tmp_path / "counted", replace(source, labels=np.arange(8, dtype=np.float32)[:, None]))
    given = Given(tmp_path / "counted", folder / "target", folder / "run")
    read_own_data(given, Beside(target_labels="none"))
    assert "--classes" not in said(capsys)  # each number once, as of a sensor that counts


def test_a_run_s_images_are_counted_in_an_evaluation(tmp_path: Path, capsys) -> None:
    trained, fresh = some(6, 0), some(4, 1)
    keep_seen(tmp_path, [trained.select(slice(3))])
    keep_seen(tmp_path, [trained.select(slice(3, 6))])
    assert count_seen(tmp_path, joined(trained, fresh)) == 6
    assert count_seen(tmp_path / "elsewhere", trained) == 0
    write_json(tmp_path / "config.json", {})
    for model in (tmp_path / "models" / "m", tmp_path / "images_00010" / "models" / "m"):
        for data, words in (
            (fresh, ""),
            (joined(fresh, trained.select(slice(1))), "1 of the 5 images of data are of the run of"),
            (trained.select(slice(2)), "data is of the run of"),
        ):
            check_data(model, SimpleNamespace(size=(24, 24), made_of={}), Path("data"), data)  # type: ignore[arg-type]
            assert words in (found := said(capsys))
            assert bool(found) == bool(words)


@pytest.mark.parametrize("labelled", [True, False])
def test_a_model_that_was_copied_away_knows_what_it_was_trained_on(tmp_path, capsys, labelled) -> None:
    target = some(4, 0)
    record = {"target": describe(target if labelled else target.without_labels())}
    model = SimpleNamespace(size=(24, 24), made_of=record)
    for data, known in ((target, True), (some(4, 1), False)):
        check_data(tmp_path / "copy", model, Path("data"), data)  # type: ignore[arg-type]
        assert ("data is of the run of" in said(capsys)) == known


@pytest.mark.parametrize("content", [b"", b"no array", None])
def test_a_damaged_note_of_a_run_s_images_says_what_to_delete(tmp_path: Path, content) -> None:
    if content is None:
        with (tmp_path / SEEN).open("wb") as file:
            np.save(file, np.zeros((2, 2)))
    else:
        (tmp_path / SEEN).write_bytes(content)
    with pytest.raises(CrossgapError, match=rf"{SEEN} .*Delete it; the next training"):
        count_seen(tmp_path, some(2, 0))


def test_what_is_known_is_left_out_of_a_test_that_nothing_was_chosen_on(tmp_path: Path, capsys) -> None:
    trained, held_out, fresh = some(4, 0), some(4, 1), some(4, 2)
    keep_seen(tmp_path, [trained])
    both = joined(joined(trained.select(slice(1)), held_out.select(slice(2))), fresh)
    left = without_known(both, tmp_path, held_out)
    np.testing.assert_array_equal(left.images, fresh.images)
    assert "--test: 3 of its 7 images were trained on, or held out to choose on: left out." in said(capsys)
    assert without_known(fresh, tmp_path, held_out) is fresh
    assert len(without_known(held_out, tmp_path, None)) == 4  # chosen on by nobody
    with pytest.raises(CrossgapError, match="all of its 4 images were trained on, or held out to choose on"):
        without_known(held_out, tmp_path, held_out)
