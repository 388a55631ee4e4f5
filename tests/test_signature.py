"""A picture says that it was made here; any other, and one that was changed since, is not written over."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from crossgap.base.signature import check_replaceable, is_signed, sign
from crossgap.cli import run
from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import CrossgapError
from crossgap.report.plots import new_figure, save

ROWS = {"noise": np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)}


def test_sheets_and_plots_are_signed_and_are_still_pictures(tmp_path: Path) -> None:
    contact_sheet(ROWS, tmp_path / "sheet.png")
    save(new_figure((2, 1))[0], tmp_path / "plot.png")
    for name in ("sheet.png", "plot.png"):
        assert is_signed(tmp_path / name)
        with Image.open(tmp_path / name) as picture:
            picture.load()  # checks every chunk's sum
            assert len(picture.text["crossgap"]) == 64
        check_replaceable(tmp_path / name, "--output")


def test_what_is_not_ours_is_not_replaced(tmp_path: Path) -> None:
    mine, changed, copied = (tmp_path / name for name in ("mine.png", "changed.png", "copied.png"))
    Image.fromarray(ROWS["noise"][0]).save(mine)
    contact_sheet(ROWS, changed)
    with Image.open(changed) as picture:  # by an editor that keeps texts
        text = PngImagePlugin.PngInfo()
        text.add_text("crossgap", picture.text["crossgap"])
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(copied, pnginfo=text)
    content = changed.read_bytes()
    changed.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    for name in ("mine", "changed", "copied", "empty", "folder"):
        with pytest.raises(CrossgapError, match=rf"--output .*{name}\.png is there, and was not made by"):
            check_replaceable(tmp_path / f"{name}.png", "--output")
    check_replaceable(tmp_path / "new.png", "--output")


def test_signing_is_the_same_every_time(tmp_path: Path) -> None:
    Image.fromarray(ROWS["noise"][0]).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    for name in ("a.png", "b.png"):
        sign(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("words", [["report", "run", "--picture"], ["looks"]])
def test_commands_that_draw_do_not_write_over_it(tmp_path: Path, words: list[str]) -> None:
    Image.fromarray(ROWS["noise"][0]).save(tmp_path / "mine.png")
    before = (tmp_path / "mine.png").read_bytes()
    with pytest.raises(CrossgapError, match=r"mine\.png is there, and was not made by Crossgap"):
        run([*words, str(tmp_path / "mine.png")])
    assert (tmp_path / "mine.png").read_bytes() == before
