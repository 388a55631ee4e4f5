"""One image file: what a viewer shows is what is read, and what RGB of 8 bits cannot hold is refused."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from crossgap.data import image_file
from crossgap.data.image_file import read_image
from crossgap.data.inputs import as_images
from crossgap.errors import CrossgapError

SHOWN = np.random.default_rng(0).integers(0, 256, (3, 2, 3), np.uint8)
STORED = {
    1: SHOWN,
    2: SHOWN[:, ::-1],
    3: SHOWN[::-1, ::-1],
    4: SHOWN[::-1],
    5: SHOWN.transpose(1, 0, 2),
    6: np.rot90(SHOWN, 1),  # shown by a turn to the right
    7: SHOWN[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(SHOWN, -1),
}
"""What a file holds that is to be shown as `SHOWN`, by its EXIF orientation."""


def orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


@pytest.mark.parametrize("value", STORED)
@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_an_image_is_upright_whatever_its_orientation(tmp_path: Path, value: int, ending: str) -> None:
    stored = np.kron(np.ascontiguousarray(STORED[value]), np.ones((8, 8, 1), np.uint8))  # jpeg's blocks
    Image.fromarray(stored).save(tmp_path / f"a.{ending}", exif=orientation(value), quality=95, subsampling=0)
    found = read_image(tmp_path / f"a.{ending}")[4::8, 4::8].astype(int)
    assert np.abs(found - SHOWN).max() <= (3 if ending == "jpg" else 0)
    assert image_file.image_size(tmp_path / f"a.{ending}") == (16, 24), "its header alone says so"


def test_an_orientation_that_means_nothing_turns_nothing(tmp_path: Path) -> None:
    for value in (0, 9):
        Image.fromarray(SHOWN).save(tmp_path / "a.png", exif=orientation(value))
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), SHOWN)


def png(path: Path, values: np.ndarray, bits: int, colour: int) -> Path:
    """A PNG of (H, W, channels), written by hand: Pillow writes none of 16 bits in colour."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    height, width = values.shape[:2]
    lines = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(lines))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_a_png_of_16_bits_is_refused_in_grey_and_in_colour(tmp_path: Path, colour, channels) -> None:
    values = np.full((4, 4, channels), 255)
    read_image(png(tmp_path / "eight.png", values, 8, colour))
    with pytest.raises(CrossgapError, match=r"deep\.png: .*Expected 8 bits per channel"):
        read_image(png(tmp_path / "deep.png", values, 16, colour))


def tiff(path: Path, values: np.ndarray, bits: int, order: str) -> Path:
    """A TIFF of (H, W, channels), written by hand for the same reason."""
    height, width, channels = values.shape
    pixels = values.astype(f"{order}u{bits // 8}").tobytes()
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 2 if channels > 2 else 1, 273: 8, 277: channels,
            278: height, 279: len(pixels)}  # fmt: skip
    end = 8 + len(pixels)
    beyond = end + 2 + 12 * len(tags) + 4  # where what is too long for the directory lies
    entries = b""
    for tag, value in tags.items():
        count = channels if tag == 258 else 1
        held = beyond if tag == 258 and channels > 2 else value
        kind = "HHII" if held is not value or tag in (273, 279) else "HHIHH"
        fields = (tag, 4 if tag in (273, 279) else 3, count, held)
        entries += struct.pack(order + kind, *fields, *([0] if kind == "HHIHH" else []))
    mark = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", end)
    directory = struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
    path.write_bytes(mark + pixels + directory + struct.pack(f"{order}{channels}H", *[bits] * channels))
    return path


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("channels", [3, 4])
def test_a_tiff_of_16_bits_in_colour_is_refused(tmp_path: Path, order: str, channels: int) -> None:
    values = np.full((4, 4, channels), 255)
    assert (read_image(tiff(tmp_path / "eight.tif", values, 8, order)) == 255).all()
    with pytest.raises(
        CrossgapError, match=r"deep\.tif: 16 bits per channel\. Expected 8 .*scale the values"
    ):
        read_image(tiff(tmp_path / "deep.tif", values, 16, order))


def test_an_opened_image_of_16_bits_in_colour_is_refused_too(tmp_path: Path) -> None:
    values = np.full((8, 8, 3), 255)
    for name, write in (("a.tif", lambda path, bits: tiff(path, values, bits, "<")),
                        ("a.png", lambda path, bits: png(path, values, bits, 2))):  # fmt: skip
        assert (as_images(Image.open(write(tmp_path / name, 8)), 8) == 255).all()
        with pytest.raises(CrossgapError, match=r"a Pillow image of 16 bits per channel.*Scale its values"):
            as_images(Image.open(write(tmp_path / name, 16)), 8)


def test_a_tiff_of_16_bits_in_grey_is_its_numbers(tmp_path: Path) -> None:
    values = np.array([[[1], [40_000]], [[256], [65_535]]])
    found = image_file.read_values(tiff(tmp_path / "grey.tif", values, 16, "<"))
    assert found.tolist() == [[1, 40_000], [256, 65_535]]


def hidden(alpha: int) -> Image.Image:
    """Red, of which one pixel is that opaque."""
    pixels = np.tile(np.array([255, 0, 0, 255], np.uint8), (4, 4, 1))
    pixels[1, 2, 3] = alpha
    return Image.fromarray(pixels)


@pytest.mark.parametrize("alpha", [0, 254])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_transparent_pixels_are_refused(tmp_path: Path, alpha: int, mode: str) -> None:
    image, path = hidden(alpha), tmp_path / "a.png"
    if mode == "P":
        shown = image.convert("RGB").quantize(2)
        shown.save(path, transparency=bytes([alpha, alpha]))
    elif mode == "RGB":  # one colour of it is declared transparent
        image.convert("RGB").save(path, transparency=(255, 0, 0))
    else:
        image.convert(mode).save(path)
    with pytest.raises(CrossgapError, match=r"a\.png: transparent pixels\. Expected an opaque image"):
        read_image(path)


def test_an_alpha_channel_that_hides_nothing_is_dropped(tmp_path: Path) -> None:
    for ending in ("png", "bmp"):
        hidden(255).save(tmp_path / f"a.{ending}")
        np.testing.assert_array_equal(read_image(tmp_path / f"a.{ending}"), np.full((4, 4, 3), (255, 0, 0)))
    image = hidden(255).convert("RGB").quantize(2)
    image.save(tmp_path / "a.png", transparency=b"\xff\xff")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.full((4, 4, 3), (255, 0, 0)))


def test_an_animation_inks_and_other_formats_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((4, 4, 3), value, np.uint8)) for value in (0, 99, 200)]
    frames[0].save(tmp_path / "moving.png", save_all=True, append_images=frames[1:])
    frames[0].convert("CMYK").save(tmp_path / "inks.jpg")
    frames[0].save(tmp_path / "other.png", "GIF")
    (tmp_path / "nothing.png").touch()
    for name, message in (
        ("moving.png", "an animation of 3 frames. Expected one image"),
        ("inks.jpg", "pixels of mode CMYK. Expected 8 bits per channel, RGB or grey"),
        ("other.png", "damaged or truncated image .*Expected a whole PNG, JPEG, BMP or TIFF"),
        ("nothing.png", "it is empty"),
    ):
        with pytest.raises(CrossgapError, match=rf"{name}: .*{message}"):
            read_image(tmp_path / name)


def test_an_image_above_pillow_s_limit_is_read_and_one_above_ours_named(tmp_path: Path, monkeypatch) -> None:
    strip = np.random.default_rng(1).integers(0, 256, (64, 8, 3), np.uint8)
    for ending in ("png", "bmp"):
        path = tmp_path / f"strip.{ending}"
        Image.fromarray(strip).save(path)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(read_image(path), strip)
        with monkeypatch.context() as smaller:
            smaller.setattr(image_file, "MAX_PIXELS", 511)
            with pytest.raises(CrossgapError, match=rf"strip\.{ending}: 8×64 pixels. Expected at most 511"):
                read_image(path)


def test_damaged_exif_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(SHOWN).save(path, exif=b"no EXIF at all")
    with pytest.raises(CrossgapError, match=r"a\.png: damaged or truncated image"):
        read_image(path)
