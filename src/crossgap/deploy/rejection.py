"""Which pictures of a labelled folder keep their label when they are translated, and the folder without the
others."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from crossgap.base.files import remove, writing
from crossgap.data.cells import Cell, read_cells
from crossgap.data.parquet import optional
from crossgap.data.rows import cell_of, read_rows
from crossgap.data.table import Row, cameras_of, find_table, label_names, no_table
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError


@dataclass(frozen=True)
class Judge:
    """What says how well a translated picture keeps its label."""

    model: AdaptedModel
    """With a task model of the domain that is translated into; its translator is not used."""
    above: float
    """The largest error of a picture that is kept, as `errors` of the model's scale has it."""
    camera: str | None = None
    """Of several columns of a table that name images, the one that it looks at."""

    def __post_init__(self) -> None:
        if not 0 <= self.above < float("inf"):
            raise CrossgapError(f"--reject-above must be a number from 0 on; got {self.above:g}.")
        if "task_model" not in self.model.networks:
            raise CrossgapError(
                "--reject-above needs a task model, and this model has none: give one of the domain "
                "translated into, --task-model MODEL."
            )

    def errors(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The error of each translated image (n, h, w, 3) uint8 with labels (n, k) in their own units."""
        model = self.model
        alone = AdaptedModel(model.task_model, model.scale, model.label_names, model.size)
        return model.scale.errors(alone.predict(images), labels)


@dataclass(frozen=True)
class Yield:
    """What was kept of a folder."""

    errors: np.ndarray
    """(n,) of all its labelled pictures."""
    kept: np.ndarray
    """(n,) bool."""
    left_out: tuple[Path, ...]
    """Picture files of which none was kept, below the folder."""


def labelled_rows(source: Path, judge: Judge) -> tuple[Path, list[Row], np.ndarray]:
    """A folder's table, its rows, and their labels (n, k) as the judge has them.

    Raises:
        CrossgapError: there is no table, or it lacks such a label, or names frames of a video.
    """
    if (table := find_table(source)) is None:
        raise no_table(source)
    rows, names = read_rows(source, table, judge.camera), judge.model.label_names
    if lacking := [name for name in names if name not in label_names(rows)]:
        raise CrossgapError(
            f"{table} has no label column '{lacking[0]}', which the task model predicts. Available: "
            f"{', '.join(label_names(rows)) or 'none'}."
        )
    return table, rows, np.array([[row.number(name) for name in names] for row in rows], np.float32)


def reject(source: Path, output: Path, judge: Judge) -> Yield:
    """Take out of a translated folder what does not keep its label, and write its table without those rows:
    all others stay byte for byte.

    Args:
        source: the folder.
        output: the same with its pictures translated, without a table yet.
        judge: which to keep.

    Raises:
        CrossgapError: as of `labelled_rows`; or nothing would be kept.
    """
    table, rows, labels = labelled_rows(source, judge)
    cells: list[Cell] = [cell_of(output, row) for row in rows]
    errors = np.concatenate([
        judge.errors(read_cells(cells[at : at + 256], output.name), labels[at : at + 256])
        for at in range(0, len(cells), 256)
    ])  # fmt: skip
    kept = errors <= judge.above
    if not kept.any():
        raise CrossgapError(
            f"No picture of {source} has a task error of {judge.above:g} or less once it is translated; the "
            f"smallest is {errors.min():.3g}. Expected a larger --reject-above, and another new folder."
        )
    cameras = dict.fromkeys(["image", *cameras_of(rows[0].cells)])
    files = [{cell_of(output, row, camera)[0] for camera in cameras} for row in rows]
    stays = set().union(*(each for each, keep in zip(files, kept, strict=True) if keep))
    gone = sorted(set().union(*files) - stays)
    for file in gone:
        remove(file)
    write_rows(table, rows, kept, output / table.relative_to(source))
    return Yield(errors, kept, tuple(file.relative_to(output) for file in gone))


def write_rows(table: Path, rows: Sequence[Row], kept: np.ndarray, to: Path) -> None:
    """Write a table without some of its rows; of text what stays is as it was, byte for byte.

    Args:
        table: a file with one of the `ENDINGS`.
        rows: all of its rows.
        kept: (n,) bool, which of them stay.
        to: the new file.
    """
    if table.suffix.lower() == ".parquet":
        parquet = optional("pyarrow.parquet", "lerobot", f"{table}: Parquet")
        with writing(to) as temporary:
            parquet.write_table(parquet.read_table(table).filter(kept), temporary)
        return
    content = table.read_bytes()
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    code = ("utf-16-le" if content[:1] == b"\xff" else "utf-16-be") if wide else "utf-8"
    lines = list(io.StringIO(content.decode(code), newline=""))
    begins = [*(row.line - 1 for row in rows), len(lines)]
    spans = [lines[: begins[0]]]
    spans += [lines[a:b] for (a, b), keep in zip(pairwise(begins), kept, strict=True) if keep]
    with writing(to) as temporary:
        temporary.write_bytes("".join(line for span in spans for line in span).encode(code))
