"""Nothing half-written, and messages for what cannot be read or written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from crossgap.base import files
from crossgap.errors import CrossgapError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"value": 1})

    def half() -> None:
        with files.writing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert files.read_json(path) == {"value": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    def fill() -> None:
        with files.writing(tmp_path / "sub" / "a.json") as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CrossgapError, match=r"Could not write .*a\.json: No space left on device"):
        fill()
    assert list((tmp_path / "sub").iterdir()) == []


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with files.writing(path) as first:
        first.write_text("first")
        with files.writing(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def ended() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    with files.writing(tmp_path / "a") as temporary:
        host, mine = temporary.name.split(".")[2].split("-")[:2]
        temporary.touch()
    dead, other = f"{host}-{ended()}-0", f"00000000-{ended()}-0"
    left = [tmp_path / f".a.{name}partial" for name in (f"{dead}.", "", f"{other}.", f"{host}-{mine}-0.")]
    kept = [
        tmp_path / name for name in (f".a.b.{dead}.partial", ".a.lock", "a.partial", f".b.{dead}.partial")
    ]
    for path in (*left, *kept):
        path.mkdir()
        (path / "half").touch()
    files.write_text(tmp_path / "a", "1")
    assert [path.exists() for path in left] == [
        False,
        True,
        True,
        True,
    ]  # these may be at work
    for path in left[1:3]:
        os.utime(path, (0, 0))
    files.write_text(tmp_path / "a", "2")
    assert [path.exists() for path in left] == [False, False, False, True]
    assert all(path.exists() for path in kept)


def test_a_row_after_one_that_was_cut_off_is_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    files.append_json_line(path, {"a": 1})
    with path.open("a") as file:
        file.write('{"a": ')
    files.append_json_line(path, {"a": 2})
    assert files.read_json_lines(path) == [{"a": 1}, {"a": 2}]
    assert path.read_text() == '{"a": 1}\n{"a": \n{"a": 2}\n'


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with files.writing(tmp_path / "folder") as temporary:
            temporary.mkdir()
            (temporary / name).touch()
    assert [item.name for item in (tmp_path / "folder").iterdir()] == ["new"]


def test_writing_under_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CrossgapError, match="Could not write"):
        files.write_json(tmp_path / "file" / "a.json", 1)


@pytest.mark.parametrize("content", [b'{"a": ', b"\xff\xfe", b""])
def test_damaged_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(CrossgapError, match=r"The result .*a\.json is not valid JSON"):
        files.read_json(path, "result")


@pytest.mark.parametrize(
    "content", [b'{"a": ', b"\xff\xfe", b"[]", b"null", b'{"b": 1}', b"[" * 99_999, b"1" * 9999]
)
def test_an_error_about_a_damaged_file_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(CrossgapError, match=rf"The result {path} is .* Delete {path} to have it made again"):
        files.read_json(path, "result", {"a": int})
    with pytest.raises(CrossgapError, match=r"\. Ask the lead\."):
        files.read_json(path, "result", {"a": int}, "Ask the lead.")


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match=rf"The result {tmp_path} is .*Is a directory.*Delete {tmp_path}"):
        files.read_json(tmp_path, "result")
    with pytest.raises(
        CrossgapError, match=rf"Could not read {tmp_path}: Is a directory.*delete what is there"
    ):
        files.read_json_lines(tmp_path)


def test_rows_of_another_shape_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": \n{"a": 2}\n')
    assert files.read_json_lines(path, {"a": int}) == [{"a": 1}, {"a": 2}]
    with pytest.raises(CrossgapError, match=rf"{path}, line 2, is damaged: it is not JSON. Delete that line"):
        files.read_json_lines(path, {"a": int}, whole=True)
    for line in ("3", "[]", "null", '{"a": "1"}', "{}"):
        path.write_text(f'{{"a": 1}}\n{line}\n')
        with pytest.raises(
            CrossgapError, match=rf"{path}, line 2, is damaged: .* expected .* Delete that line"
        ):
            files.read_json_lines(path, {"a": int})


def test_missing_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "a.json", tmp_path / "file" / "a.json"):
        with pytest.raises(CrossgapError, match=f"No result at {path}"):
            files.read_json(path, "result")


def test_once_makes_a_value_once(tmp_path: Path) -> None:
    calls: list[int] = []

    def make() -> int:
        calls.append(1)
        return 7

    assert [files.once(tmp_path / "a.json", make) for _ in range(2)] == [7, 7]
    assert calls == [1]


@pytest.mark.parametrize("value", [{"rate": 0.5}, [1, 2], {"value": 3}])
def test_once_makes_anew_what_is_of_something_else(tmp_path: Path, value) -> None:
    path, made, model = tmp_path / "evaluation.json", [], {"now": "first"}

    def evaluate():
        made.append(model["now"])
        return value

    def get():
        return files.once(path, evaluate, of=lambda: model["now"])

    assert [get(), get(), made] == [value, value, ["first"]]
    model["now"] = "retrained"
    assert [get(), get(), made] == [value, value, ["first", "retrained"]]
    model["now"] = None  # removed, to save space
    assert [get(), made] == [value, ["first", "retrained"]]
    files.write_json(path, value)  # as older versions wrote it: of what, nobody knows
    assert [get(), made] == [value, ["first", "retrained"]]
    model["now"] = "third"  # which an older version could not have made
    assert [get(), get(), made] == [value, value, ["first", "retrained", "third"]]


def test_once_compares_the_parts_that_are_known(tmp_path: Path) -> None:
    path, now = tmp_path / "evaluation.json", {"setup": 1, "weights": "a"}

    def get() -> dict:
        return files.once(path, lambda: dict(now), of=lambda: now)

    first = get()
    now["weights"] = None  # removed, to save space
    assert get() == first
    now["setup"] = 2
    assert get() == now != first
    now["weights"] = "b"
    assert get() == now


ROWS = [{"a": 1, "b": {"c": "x, y"}, "d": [0.5, None, True]}, {"a": 2}]


@pytest.mark.parametrize("number", [0, 1])
def test_a_line_that_a_kill_cut_off_anywhere_is_left_out(tmp_path: Path, number: int) -> None:
    line = json.dumps(ROWS[number])
    for length in range(1, len(line)):
        path = tmp_path / f"{length}.jsonl"
        lines = [json.dumps(ROWS[0]), line[:length], json.dumps(ROWS[1])]
        path.write_text("\n".join(lines[:2]))
        assert files.read_json_lines(path) == ROWS[:1]
        path.write_text("\n".join(lines) + "\n")
        assert files.read_json_lines(path) == ROWS


@pytest.mark.parametrize("damage", [b'{"a": 1, x}', b'{"a"\xff 1}', b"\xff\xfe", b"\0\0", b'"a": 1}'])
def test_a_line_that_is_damaged_otherwise_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "starts.jsonl"
    path.write_bytes(b'{"a": 1}\n\n' + damage + b'\n{"a": 2}\n')
    with pytest.raises(CrossgapError, match=rf"{path}, line 3, is damaged: it is not JSON. Delete that line"):
        files.read_json_lines(path)


def test_who_waits_for_another_process_says_so(tmp_path: Path, monkeypatch, capsys) -> None:
    path = tmp_path / "[old]" / "model"
    monkeypatch.setattr(files, "SILENT_SECONDS", 0.01)
    with files.alone(path):
        pass
    assert not capsys.readouterr().err
    other = FileLock(files.lock_file(path))  # as another process has it
    other.acquire()
    monkeypatch.setattr(files, "say", lambda text: (said.append(text), other.release()))
    said: list[str] = []
    with files.alone(path):
        assert said == [f"Another process is making {path}: waiting until it is done."]
