"""labels.csv as spreadsheets write it, and damaged in every way: read right, or refused with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossgap.data.rows import episodes_of
from crossgap.data.table import label_names, read_table, write_table
from crossgap.errors import CrossgapError

TEXT = "image,episode,step,angle,force\n0.png,0,0,0.5,-1\n1.png,0,1,2e-1,7\n"


def read(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> list[tuple]:
    """Each row's file, episode and labels."""
    path = tmp_path / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    rows = read_table(path)
    assert label_names(rows) == ["angle", "force"]
    return [
        (row.cells["image"], row.whole("episode"), row.number("angle"), row.number("force")) for row in rows
    ]


WHOLE = [("0.png", 0, 0.5, -1.0), ("1.png", 0, 0.2, 7.0)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, delimiter: str, encoding: str, end: str) -> None:
    assert read(tmp_path, TEXT.replace(",", delimiter).replace("\n", end), encoding) == WHOLE


def test_quotes_spaces_and_empty_rows_change_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT.replace("image", '"image"')) == WHOLE
    assert read(tmp_path, TEXT.replace(",", " , ")) == WHOLE
    assert read(tmp_path, "\n" + TEXT.replace("1.png", "\n,,,,\n1.png") + ",,,,\n\n") == WHOLE
    assert read(tmp_path, TEXT.replace("0.5", '"0.5"').replace(",force", ',"force"')) == WHOLE


@pytest.mark.parametrize("end", ["", "b.png,0,1,1,1\n" * 20_000])
@pytest.mark.parametrize("before", ["", "\n", '1.png,0,0,0,"1"\n'])
def test_a_quotation_mark_that_is_never_closed(tmp_path: Path, end: str, before: str) -> None:
    text = f'image,episode,step,angle,force\n{before}0.png,0,0,1,"7\nc.png,0,1,1,1\n' + end
    line = 2 + bool(before)
    with pytest.raises(CrossgapError, match=rf"labels\.csv, line {line}: .* Expected every quotation mark"):
        read(tmp_path, text)


def test_rows_between_two_stray_quotation_marks_do_not_vanish(tmp_path: Path) -> None:
    text = 'image,angle,force,note\na.png,1,2,"fast\nb.png,1,2,\nc.png,1,2,"slow\n'
    with pytest.raises(CrossgapError, match=r"line 2: .* Expected every quotation mark to be closed"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TEXT.replace("0.5", "0.5\0"), "line 2: a NUL character"),
        (TEXT.encode("utf-16")[2:], "line 1: a NUL character"),
        (TEXT.encode("utf-16")[:-1], "is not a UTF-16 text file"),
        (TEXT.replace("force", "größe").encode("latin-1"), "is not a UTF-8 text file"),
        (
            TEXT.replace("image", "picture").replace(".png", ""),
            "no column 'image'.* Expected column names in line 1, with commas, semicolons or tabs",
        ),
        (TEXT.replace(",", ";").replace("0.5", "0,5"), "line 2, column 'angle': .* A decimal comma"),
        (TEXT.replace("0.5", "1e39"), "line 2, column 'angle': expected a finite number, found '1e39'"),
        (TEXT.replace("\n1.png", "\n\n\n1.png").replace("7", "x"), "line 5, column 'force': expected a fin"),
        (TEXT.replace("\n0.png", '\n"0\n.png"').replace("7", "x"), "line 4, column 'force': expected a fin"),
        ("image,angle,force\n0.png\n", "line 2, column 'angle': .* found nothing"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize("value", ["1.2", "0.1", "1e99", "99999999999999999999"])
def test_an_episode_that_is_no_whole_number_is_not_cut(tmp_path: Path, value: str) -> None:
    with pytest.raises(CrossgapError, match=rf"line 3, column 'episode': expected a .*, found '{value}'"):
        read(tmp_path, TEXT.replace("1.png,0", f"1.png,{value}"))


def test_large_whole_episodes_are_kept_apart(tmp_path: Path) -> None:
    text = TEXT.replace("png,0,0", "png,1799999999123456788,0").replace(
        "png,0,1", "png,1799999999123456789,1"
    )
    assert [row[1] for row in read(tmp_path, text)] == [1799999999123456788, 1799999999123456789]
    assert [row[1] for row in read(tmp_path, TEXT.replace("png,0,1", "png,1.0,1"))] == [0, 1]


def test_a_session_takes_the_place_of_the_episode_and_is_no_label(tmp_path: Path) -> None:
    rows = "a.png,0,morning,1\nb.png,1,morning,2\nc.png,0,noon,3\nd.png,0,,4\n"
    (tmp_path / "labels.csv").write_text(f"image,episode,session,angle\n{rows}", encoding="utf-8")
    found = read_table(tmp_path / "labels.csv")
    assert label_names(found) == ["angle"]
    assert episodes_of(found) == [0, 0, 1, 5]  # the last is by itself


def test_a_table_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(CrossgapError, match=r"labels\.csv cannot be read: Is a directory"):
        read_table(tmp_path / "labels.csv")


def test_a_label_s_name_may_hold_what_separates_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "labels.csv", ['angle, "left"', "force;N"], [("0.png", 0, 0, 0.5, 1)])
    (row,) = read_table(tmp_path / "labels.csv")
    assert (row.number('angle, "left"'), row.number("force;N")) == (0.5, 1)
