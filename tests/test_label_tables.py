"""Label tables of every kind: the same rows from each, and what is wrong with one by file and line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.base import progress
from crossgap.data import read_folder
from crossgap.data.contents import contents
from crossgap.data.folder import has_labels, label_columns
from crossgap.data.table import read_table
from crossgap.errors import CrossgapError

ROWS = [
    {"image": "0.png", "episode": 0, "angle": 0.1, "grip": True},
    {"image": "1.png", "episode": 0, "angle": -2.5e-7, "grip": False},
    {"image": "2.png", "episode": 1, "angle": 3.0, "grip": False},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images and no table."""
    for index in range(3):
        Image.fromarray(np.full((8, 8, 3), 50 * index, np.uint8)).save(tmp_path / f"{index}.png")
    return tmp_path


def write(folder: Path, name: str, rows: list[dict], delimiter: str = ",") -> Path:
    table = folder / name
    if table.suffix == ".parquet":
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(rows), table)
    elif table.suffix == ".jsonl":
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        lines = [rows[0].keys(), *(map(str, ({**row, "grip": int(row["grip"])}).values()) for row in rows)]
        table.write_text("\n".join(delimiter.join(line) for line in lines) + "\n")
    return table


@pytest.mark.parametrize("name", ["labels.csv", "labels.tsv", "labels.jsonl", "labels.parquet"])
def test_the_same_rows_of_every_kind(folder: Path, name: str) -> None:
    write(folder, name, ROWS, "\t" if name.endswith("tsv") else ",")
    data = read_folder(folder)
    assert data.label_names == ("angle", "grip")
    expected = np.array([[0.1, 1], [-2.5e-7, 0], [3, 0]], np.float32)
    assert data.labels.tobytes() == expected.tobytes()
    assert data.episodes.tolist() == [0, 0, 1]
    assert data.images[:, 0, 0, 0].tolist() == [0, 50, 100]
    assert has_labels(folder)
    assert len(contents(folder).images) == 3


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_an_image_folder_of_hugging_face(folder: Path, name: str) -> None:
    rows = [{"file_name": row["image"], **{k: v for k, v in row.items() if k != "image"}} for row in ROWS]
    write(folder, name, rows)
    assert label_columns(folder) == ["angle", "grip"]
    assert read_folder(folder).labels[2].tolist() == [3, 0]


def test_metadata_that_names_no_images_is_no_table(folder: Path) -> None:
    (folder / "metadata.csv").write_text("camera,lens\nD435,1.9\n")
    assert not has_labels(folder)
    with pytest.raises(
        CrossgapError, match=r"No labels\.csv in .*metadata\.csv or \.jsonl with a column file"
    ):
        read_folder(folder)


def test_two_tables(folder: Path) -> None:
    write(folder, "labels.csv", ROWS)
    write(folder, "labels.jsonl", ROWS)
    with pytest.raises(CrossgapError, match=r"labels\.csv and labels\.jsonl\. Expected one table"):
        read_folder(folder)


@pytest.mark.parametrize(("delimiter", "said"), [(";", "';'"), ("|", "'|'"), ("~", "'~'"), (" ", "a space")])
def test_any_delimiter_is_read_and_said(folder: Path, monkeypatch, delimiter: str, said: str) -> None:
    write(folder, "labels.csv", ROWS, delimiter)
    told: list[str] = []
    monkeypatch.setattr("crossgap.data.table.say", told.append)
    for _ in range(2):
        assert read_folder(folder).labels[0].tolist() == pytest.approx([0.1, 1])
    assert told == [f"{folder / 'labels.csv'}: between its cells is {said}."]
    assert progress.say is not None


def test_lists_are_a_column_for_each_number(folder: Path) -> None:
    rows = [{"image": f"{index}.png", "action": [index, index / 2]} for index in range(3)]
    for name in ("labels.jsonl", "labels.parquet"):
        write(folder, name, rows)
        data = read_folder(folder)
        assert data.label_names == ("action_0", "action_1")
        assert data.labels[2].tolist() == [2, 1]
        (folder / name).unlink()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"image": "0.png", "angle": 1}\n\n{"image": "1.png", "ang', r"labels\.jsonl, line 3: not JSON"),
        ("[1, 2]\n", r"labels\.jsonl, line 1: expected an object"),
        ('{"image": "0.png", "angle": {"x": 1}}\n', r"line 1, column 'angle': expected a number.*an object"),
        ('{"image": "0.png", "angle": "fast"}\n', r"line 1, column 'angle': expected a finite.*'fast'"),
        ('{"image": "0.png", "angle": NaN}\n', r"line 1, column 'angle': expected a finite number"),
        ('{"image": "0.png", "a": 1}\n{"image": "1.png"}\n', r"line 2, column 'a': .* found nothing"),
        ('{"angle": 1}\n', "has no column 'image', in lower case, nor 'file_name'"),
        ("\n", r"has no rows\. Expected one per image"),
    ],
)
def test_what_is_wrong_with_json_lines(folder: Path, text: str, message: str) -> None:
    (folder / "labels.jsonl").write_text(text)
    with pytest.raises(CrossgapError, match=message):
        read_folder(folder)


def test_parquet_that_is_cut_or_flipped_ends_in_one_line(folder: Path) -> None:
    whole = write(folder, "labels.parquet", ROWS).read_bytes()
    rng, refused = np.random.default_rng(0), 0
    broken = [whole[:end] for end in range(0, len(whole), 97)]
    for _ in range(30):
        flipped = bytearray(whole)
        flipped[int(rng.integers(len(whole)))] ^= 1 << int(rng.integers(8))
        broken.append(bytes(flipped))
    for content in broken:
        (folder / "labels.parquet").write_bytes(content)
        try:
            read_folder(folder)
        except CrossgapError as error:
            assert "\n" not in str(error)  # noqa: PT017
            refused += 1
    assert refused >= len(range(0, len(whole), 97))


def test_a_number_of_parquet_by_its_row(folder: Path) -> None:
    table = write(folder, "labels.parquet", [{**row, "angle": float("inf")} for row in ROWS])
    with pytest.raises(CrossgapError, match=r"labels\.parquet, row 1, column 'angle': expected a finite"):
        read_folder(folder)
    assert len(read_table(table)) == 3
