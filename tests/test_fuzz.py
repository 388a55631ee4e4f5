"""Whatever is in a folder that somebody brings: it works, or ends in one `CrossgapError`; nothing in it is
executed, and nothing half-written is left.

The same examples in every run. To look for more: CROSSGAP_FUZZ=50 makes fifty times as many, at random.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from crossgap.cli import run
from crossgap.data import LabelledImages, LabelScale, read_folder, read_unlabelled, write_folder
from crossgap.data.folder import read_recording
from crossgap.data.frames import read_each
from crossgap.data.preparation import Preparation
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.networks import Generator, TaskModel
from crossgap.networks.exchange import load_peer

SIZE, TIMES = 24, int(os.environ.get("CROSSGAP_FUZZ", "1"))
TEXTS = st.one_of(
    st.sampled_from(
        ["", "nan", "inf", "-1", "1e400", "1,5", "0.1", "images/000001.png", "../secret.png", "/etc/passwd",
         "images", ".", "a.mp4#3", "images/000000.png#7", "\0", "#", "'", '"', "ä", "\r", "9" * 30,
         "images/000001.gif"]
    ),
    st.text(max_size=8),
)  # fmt: skip
"""What a cell may hold."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
"""Any value."""


def fuzz(examples: int, slow: bool = False) -> Callable:
    """So many examples, always the same ones, or more, at random; what is slow is not made simpler where it
    fails."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=examples * TIMES, deadline=None, derandomize=TIMES == 1, database=None,
        phases=[Phase.generate] if slow else [Phase.generate, Phase.shrink], suppress_health_check=checks,
    )  # fmt: skip


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A folder that holds a copy of one, to be damaged."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(shutil.copytree(folder, Path(name, "given"), symlinks=True))


def works_or_says(do: Callable[[], Any], output: Path | None = None) -> bool:
    """Whether it works; else it has said why in one error, and left nothing at `output` or beside it.

    Any other exception is a failure of the test that calls this.
    """
    before, said = {*output.parent.iterdir()} if output is not None else set(), None
    try:
        do()
    except CrossgapError as error:
        said = str(error).strip()
    except SystemExit as ended:  # of `data check`, where a training would refuse something
        said = None if ended.code in (None, 0, 1) else f"exit code {ended.code}"
    if said is None:
        return True
    assert said, "an error that says nothing"
    if output is not None:
        left = {path for path in output.parent.iterdir() if path not in before and not resumed(path)}
        assert not left, f"left behind after: {said}"
    return False


def resumed(folder: Path) -> bool:
    """Whether a folder says of itself that it is half translated: the same command goes on with it."""
    return (folder / ".crossgap" / "translation.jsonl").is_file() and not (folder / "labels.csv").exists()


@st.composite
def altered(draw: st.DrawFn, value: Any) -> Any:
    """JSON, with one value of it replaced, or left out."""
    if isinstance(value, (dict, list)) and value and draw(st.integers(0, 4)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key, new = draw(st.sampled_from(keys)), value.copy()
        if draw(st.integers(0, 5)):
            new[key] = draw(altered(value[key]))
        else:
            del new[key]
        return new
    return draw(JSON)


def flipped(draw: st.DrawFn | Any, path: Path, count: int = 2) -> bool:
    """Change some bytes of a file, or cut it off; whether it has others now."""
    before = path.read_bytes()
    content = bytearray(before)
    for _ in range(count):
        at = draw(st.integers(0, len(content) - 1))
        content[at] ^= draw(st.integers(1, 255))
    path.write_bytes(content)
    return bytes(content) != before


# data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, SIZE, SIZE, 3), np.uint8)
    folder = tmp_path_factory.mktemp("fuzz") / "data"
    labels = rng.random((4, 2), np.float32)
    write_folder(folder, LabelledImages(images, labels, ("x", "y"), np.arange(4) // 2))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "model"
    torch.manual_seed(0)
    AdaptedModel(
        TaskModel(2, SIZE, 4, 8), LabelScale((0.5, 0.5), (0.3, 0.3)), ("x", "y"), SIZE, Generator(4, 1),
        "taskgan_inverse", preparation=Preparation((SIZE, SIZE)),
    ).save(folder)  # fmt: skip
    return folder


def damage_image(draw: Any, folder: Path) -> None:
    """One picture: gone, empty, cut off, changed, of another size or kind, a folder or a link."""
    path = folder / "images" / f"{draw(st.integers(0, 3)):06d}.png"
    content = path.read_bytes()
    how = draw(
        st.sampled_from(["gone", "empty", "cut", "flip", "size", "mode", "gif", "folder", "link", "round"])
    )
    if how == "cut":
        path.write_bytes(content[: draw(st.integers(0, len(content)))])
    elif how == "flip":
        flipped(draw, path)
    elif how in ("size", "mode", "gif"):
        mode = (
            draw(st.sampled_from(["RGB", "L", "RGBA", "I;16", "1", "P", "CMYK"])) if how == "mode" else "RGB"
        )
        size = (SIZE, draw(st.integers(1, 40))) if how == "size" else (SIZE, SIZE)
        kind = "GIF" if how == "gif" else "TIFF" if mode == "CMYK" else "PNG"
        Image.new(mode, size).save(path, kind)
    else:
        path.unlink()
        if how == "empty":
            path.write_bytes(b"")
        elif how == "folder":
            path.mkdir()
        elif how in ("link", "round"):
            path.symlink_to("nowhere.png" if how == "link" else ".")


def damage_table(draw: Any, folder: Path) -> None:
    """The table: other cells, other things between them, other encodings, other forms, or anything."""
    path = folder / "labels.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    for _ in range(draw(st.integers(0, 2))):
        row = draw(st.integers(0, len(rows) - 1))
        rows[row][draw(st.integers(0, len(rows[row]) - 1))] = draw(TEXTS)
    if draw(st.booleans()):
        rows[draw(st.integers(0, len(rows) - 1))] = draw(st.lists(TEXTS, max_size=7))
    form = draw(st.sampled_from(["csv", "csv", "csv", "tsv", "jsonl", "bytes", "metadata", "parquet"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "latin-1"]))
    text = draw(st.sampled_from(",;\t|:% ")).join
    content = draw(st.sampled_from(["\n", "\r\n", "\r"])).join(map(text, rows)).encode(encoding, "replace")
    path.unlink()
    if form == "jsonl":
        lines = [json.dumps(dict(zip(rows[0], row, strict=False))) for row in rows[1:]]
        lines[draw(st.integers(0, len(lines) - 1))] = json.dumps(draw(JSON))
        (folder / "labels.jsonl").write_text("\n".join(lines))
    else:
        if form in ("bytes", "parquet"):
            content = draw(st.binary(max_size=60))
        name = "metadata.csv" if form == "metadata" else f"labels.{'csv' if form == 'bytes' else form}"
        (folder / name).write_bytes(content)


def damage_about(draw: Any, folder: Path) -> None:
    """What may lie beside the table: descriptions that are none."""
    name = draw(st.sampled_from(["dataset.json", "recording.json", "meta/info.json"]))
    known = draw(st.sampled_from([
        {"size": SIZE, "steps": 2, "look": "source"},
        {"codebase_version": "v3.0", "fps": 10, "features": {"action": {"dtype": "float32", "shape": [2]}}},
        {"fps": 10, "robot_type": None, "camera": "c", "tasks": [""], "task_indices": [0] * 4,
         "features": {"action": {"dtype": "float32", "shape": [2], "names": ["x", "y"]}}},
    ]))  # fmt: skip
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(draw(altered(known))))


@given(st.data())
@fuzz(30)
def test_folders_of_images(data: Path, model: Path, drawn: st.DataObject) -> None:
    with copied(data) as folder:
        for damage in drawn.draw(
            st.lists(
                st.sampled_from([damage_image, damage_table, damage_about]),
                min_size=1,
                max_size=2,
                unique=True,
            )
        ):
            damage(drawn.draw, folder)
        out, sheet = folder.parent / "out", folder.parent / "sheet.png"
        works_or_says(lambda: read_folder(folder))
        works_or_says(lambda: read_folder(folder, skip_bad=True))
        works_or_says(lambda: read_unlabelled(folder))
        works_or_says(lambda: run(["data", "check", str(folder), "--output", str(sheet)]), sheet)
        works_or_says(lambda: run(["data", "convert", str(folder), str(out)]), out)
        new = folder.parent / "translated"
        works_or_says(lambda: run(["translate", str(model), str(folder), str(new), "--device", "cpu"]), new)


# models


@given(st.data())
@fuzz(60)
def test_models_of_another_description(model: Path, drawn: st.DataObject) -> None:
    with copied(model) as folder:
        path = folder / "adapted.json"
        path.write_text(json.dumps(drawn.draw(altered(json.loads(path.read_text())))))

        def use() -> None:
            loaded = AdaptedModel.load(folder)
            images = np.zeros((1, SIZE, SIZE, 3), np.uint8)
            if loaded.translator is not None:
                loaded.translate(images)
            if loaded.label_names:
                loaded.predict(images)

        works_or_says(use)


@given(st.data())
@fuzz(30)
def test_two_flipped_bytes_of_weights_are_noticed(model: Path, drawn: st.DataObject) -> None:
    with copied(model) as folder:
        part = drawn.draw(st.sampled_from(["task_model", "translator"]))
        if flipped(drawn.draw, folder / f"{part}.safetensors"):
            assert not works_or_says(lambda: AdaptedModel.load(folder))


class Evil:
    """What leaves a mark where it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("how", ["pickle", "torch", "zip"])
def test_nothing_that_is_brought_is_unpickled(model: Path, data: Path, tmp_path: Path, how: str) -> None:
    mark, bad = tmp_path / "mark", tmp_path / "bad"
    if how == "torch":
        torch.save({"weight": Evil(mark)}, bad)
    elif how == "pickle":
        bad.write_bytes(pickle.dumps(Evil(mark)))
    else:
        with zipfile.ZipFile(bad, "w") as file:
            file.writestr("archive/data.pkl", pickle.dumps(Evil(mark)))
    places = [
        "model/translator.safetensors",
        "model/guard.safetensors",
        "data/images/000000.png",
        "data/labels.parquet",
    ]
    for place in places:
        root = Path(tempfile.mkdtemp(dir=tmp_path))
        shutil.copytree(model, root / "model")
        shutil.copytree(data, root / "data")
        shutil.copy(bad, root / place)
        works_or_says(lambda root=root: AdaptedModel.load(root / "model"))
        works_or_says(lambda root=root: read_folder(root / "data"))
    peer = tmp_path / "latest_net_G.pth"
    shutil.copy(bad, peer)
    assert not works_or_says(lambda: load_peer(peer))
    assert not mark.exists()
    pickle.loads(pickle.dumps(Evil(mark)))
    assert mark.exists(), "it would have left its mark"


# recordings


@pytest.fixture(scope="module")
def lerobot(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    folder = tmp_path_factory.mktemp("fuzz") / "lerobot"
    run(["data", "convert", str(data), str(folder)])
    return folder


@given(st.data())
@fuzz(25)
def test_lerobot_sets(lerobot: Path, model: Path, drawn: st.DataObject) -> None:
    with copied(lerobot) as folder:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path = drawn.draw(st.sampled_from(files))
        if path.suffix == ".json" and drawn.draw(st.integers(0, 3)):
            path.write_text(json.dumps(drawn.draw(altered(json.loads(path.read_text())))))
        else:
            flipped(drawn.draw, path, drawn.draw(st.integers(1, 4)))

        def read() -> None:
            recording = read_recording(folder)
            for cells in recording.cameras.values() if recording else ():
                list(read_each(list(cells), values=True))

        works_or_says(read)
        out, new = folder.parent / "out", folder.parent / "new"
        works_or_says(lambda: run(["data", "convert", str(folder), str(out)]), out)
        words = ["translate", str(model), str(folder), str(new), "--device", "cpu", "--reject-above", "9"]
        works_or_says(lambda: run(words), new)


# runs


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "run"
    run(["train", "fine_tuned", *sides(data), "--output", str(folder)])
    return folder


def sides(data: Path) -> list[str]:
    """What the run was trained on, and how little."""
    target = data.parent / "target"
    if not target.exists():
        whole = read_folder(data)
        write_folder(
            target, LabelledImages(255 - whole.images, whole.labels, whole.label_names, whole.episodes)
        )
    small = [
        "--source.steps",
        "2",
        "--source.batch",
        "2",
        "--fine-tuning.steps",
        "2",
        "--fine-tuning.batch",
        "2",
    ]
    small += ["--networks.task-width", "4", "--networks.task-hidden", "8", "--device", "cpu"]
    return ["--source", str(data), "--target", str(target), *small]


@given(st.data())
@fuzz(8, slow=True)
def test_run_folders(trained: Path, data: Path, drawn: st.DataObject) -> None:
    with copied(trained) as folder:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
        path = drawn.draw(st.sampled_from(files))
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else []
        if path.suffix == ".json" and drawn.draw(st.integers(0, 3)):
            path.write_text(json.dumps(drawn.draw(altered(json.loads(path.read_text())))))
        elif lines and drawn.draw(st.integers(0, 3)):
            at = drawn.draw(st.integers(0, len(lines) - 1))
            lines[at] = json.dumps(drawn.draw(altered(json.loads(lines[at]))))
            path.write_text("\n".join(lines))
        else:
            flipped(drawn.draw, path)
        works_or_says(lambda: run(["train", "fine_tuned", *sides(data), "--output", str(folder)]))
        works_or_says(lambda: run(["report", str(folder)]))
