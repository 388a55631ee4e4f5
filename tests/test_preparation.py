"""What becomes of a camera's image: geometry and values counted by hand."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.data.folder import read_unlabelled
from crossgap.data.inputs import as_images
from crossgap.data.preparation import Placement, Preparation, mapped
from crossgap.data.prepared import AsTheyAre, Prepared, remedy
from crossgap.data.sizes import parse_size
from crossgap.errors import CrossgapError

CAMERA = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
FILE = Path("a.png")


# geometry


@pytest.mark.parametrize(
    ("fit", "size", "camera", "placed"),
    [
        ("crop", (64, 64), (480, 640), Placement((64, 85), 0, -10)),  # 640 · 64/480 = 85.3; (85 − 64) // 2
        ("crop", (64, 64), (640, 480), Placement((85, 64), -10, 0)),
        ("crop", (96, 128), (480, 640), Placement((96, 128), 0, 0)),
        ("crop", (96, 128), (480, 480), Placement((128, 128), -16, 0)),
        ("pad", (64, 64), (480, 640), Placement((48, 64), 8, 0)),
        ("pad", (96, 128), (480, 480), Placement((96, 96), 0, 16)),
        ("pad", (64, 64), (1, 1000), Placement((1, 64), 31, 0)),  # never nothing
        ("stretch", (96, 128), (480, 480), Placement((96, 128), 0, 0)),
    ],
)
def test_where_an_image_comes_to_lie(fit, size, camera, placed) -> None:
    assert Preparation(size, fit).placed(*camera) == placed


def columns(width: int) -> np.ndarray:
    """(8, width, 3): red on the left, green in the middle half, blue on the right."""
    image = np.zeros((8, width, 3), np.uint8)
    quarter = width // 4
    image[:, :quarter, 0] = image[:, quarter:-quarter, 1] = image[:, -quarter:, 2] = 255
    return image


def test_crop_keeps_the_middle_pad_all_and_stretch_distorts() -> None:
    wide = columns(16)  # its middle 8 columns are green
    cropped = Preparation((8, 8)).prepare(wide)
    np.testing.assert_array_equal(cropped, np.full((8, 8, 3), (0, 255, 0)))
    padded = Preparation((16, 16), "pad").prepare(wide)
    np.testing.assert_array_equal(padded[4:12], wide)
    assert padded[:4].max() == padded[12:].max() == 0
    stretched = Preparation((8, 8), "stretch").prepare(wide)
    assert stretched[4, 0, 0] > 240
    assert stretched[4, 4, 1] > 240
    assert stretched[4, 7, 2] > 240


def test_scaling_is_pillow_s_lanczos_of_the_whole_image() -> None:
    scaled = np.asarray(Image.fromarray(CAMERA).resize((32, 24), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(Preparation((24, 32)).prepare(CAMERA), scaled)
    np.testing.assert_array_equal(Preparation((24, 24)).prepare(CAMERA), scaled[:, 4:28])


def test_a_region_is_cut_out_before_all_else() -> None:
    about = Preparation((8, 12), roi=(10, 20, 12, 8), camera=(48, 64))
    np.testing.assert_array_equal(about.prepare(CAMERA), CAMERA[20:28, 10:22])
    np.testing.assert_array_equal(about.prepare(CAMERA[:8, :12]), CAMERA[:8, :12])  # cut out already
    with pytest.raises(CrossgapError, match=r"64×40 pixels does not fit the region .* for images of 64×48"):
        about.prepare(CAMERA[:40])


def test_an_image_of_the_size_is_the_same_object() -> None:
    assert Preparation((48, 64), "pad").prepare(CAMERA) is CAMERA


# values


def test_a_range_maps_its_ends_to_black_and_white() -> None:
    depth = np.array([[500, 1000, 2500], [400, 3000, 1500]], np.uint16)
    grey = [[0, 64, 255], [0, 255, 128]]  # 255 · (1000 − 500) / 2000 = 63.75; 127.5 to the even one
    np.testing.assert_array_equal(mapped(depth, 500, 2500), np.dstack([grey] * 3))
    np.testing.assert_array_equal(mapped(depth / 1000, 0.5, 2.5), np.dstack([grey] * 3))
    about = Preparation((24, 24), value_range=(500, 2500))
    assert about.outside(depth) == 2
    assert about.outside(np.array([[0.0, np.nan, 600, np.inf]], np.float32)) == 3
    assert mapped(np.array([[np.nan, np.inf, -np.inf]]), 0, 1)[0, :, 0].tolist() == [0, 255, 0]


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_files_of_16_bits_and_depth_are_read_as_what_they_are(tmp_path: Path, kind) -> None:
    values = (np.arange(32 * 32).reshape(32, 32) * 7).astype(kind)
    ending = "png" if kind == np.uint16 else "tif"
    (tmp_path / "set").mkdir()
    Image.fromarray(values).save(tmp_path / "set" / f"a.{ending}")
    for read in (read_unlabelled, lambda path: read_unlabelled(path, fit=AsTheyAre())):
        with pytest.raises(CrossgapError, match=rf"a\.{ending}: .* from 0 to 7161. Expected 8 bits .*-range"):
            read(tmp_path / "set")
    fit = Prepared(Preparation((32, 32), value_range=(0, 7161)), "target")
    (image,) = read_unlabelled(tmp_path / "set", fit=fit).images
    np.testing.assert_array_equal(image, np.repeat((values / 7161 * 255).round()[..., None], 3, 2))
    with pytest.raises(CrossgapError, match=r"8 bits per channel. --target-range is for"):
        fit(CAMERA, FILE)


def test_what_falls_outside_is_said(capsys) -> None:
    fit = Prepared(Preparation((24, 24), value_range=(10, 20)), "source")
    fit(np.array([[9, 10], [20, 21]], np.uint16), FILE)
    fit.report()
    said = " ".join(capsys.readouterr().err.split())
    assert "--source-range 10,20: 2 of 4 pixels (50.0%) are outside" in said


def test_what_falls_outside_of_a_model_s_range_is_said_once(capsys) -> None:
    about = Preparation((24, 24), value_range=(10.5, 20))
    for _ in range(2):
        as_images(np.full((30, 30), 9, np.uint16), 24, preparation=about)
    assert capsys.readouterr().err.count("900 of 900 pixels are outside of the range from 10.5 to 20") == 1


# sets


def test_a_region_is_for_one_camera(capsys) -> None:
    fit = Prepared(Preparation((24, 32), roi=(0, 0, 40, 48)), "target")
    fit(CAMERA, FILE)
    assert fit.preparation.camera == (48, 64)
    assert "is 24 pixels high and 32 wide; what is used of a.png is 40 wide and 48 high: --size 32x24?" in (
        " ".join(capsys.readouterr().err.split())
    )
    with pytest.raises(CrossgapError, match=r"b: 64×40 pixels, but --target-roi is for images of 64×48"):
        fit(CAMERA[:40], Path("b"))
    for roi, size, told in (
        (
            (30, 0, 40, 48),
            (24, 24),
            r"--target-roi: The region 30,0,40,48 ends at 70,48, outside of .* 64×48",
        ),
        ((0, 0, 9, 9), (48, 64), r"a\.png: 64×48 pixels, which is --size already"),
    ):
        with pytest.raises(CrossgapError, match=told):
            Prepared(Preparation(size, roi=roi), "target")(CAMERA, FILE)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((480, 640), r"640×480 pixels, and no --size\. .* --size 64 .*; --size 72x96 takes all of it\."),
        ((30, 32), r"32×30 pixels\. Expected a height and a width that are multiples of 4.* --size 64"),
        ((96, 32), r"Only what labels\.csv names"),
    ],
)
def test_images_that_cannot_stay_as_they_are(shape: tuple[int, int], told: str) -> None:
    fit = AsTheyAre()
    if shape == (96, 32):
        fit(np.zeros((32, 32, 3), np.uint8), FILE)
    with pytest.raises(CrossgapError, match=told):
        fit(np.zeros((*shape, 3), np.uint8), FILE)


def test_an_image_that_is_no_square_may_stay_as_it_is() -> None:
    image = np.zeros((96, 128, 3), np.uint8)
    assert AsTheyAre()(image, FILE) is image


def test_what_to_type_keeps_the_shape() -> None:
    assert "--size 128x72 takes all" in remedy((1920, 1080))
    assert "--size 64x96 takes all" in remedy((400, 600))
    assert "takes all" not in remedy((500, 500))


@pytest.mark.parametrize(
    ("text", "size"), [("64", (64, 64)), ("96x128", (96, 128)), (" 96X128", (96, 128)), ("96×128", (96, 128))]
)
def test_sizes_in_words(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("big", "--size big: expected one number, such as 64, or HEIGHTxWIDTH: 96x128"),
        ("64x", "--size 64x: expected"),
        ("96x130", "--size 96x130: Images are 130×96 pixels. Expected .* multiples of 4"),
        ("8x64", "--size must be at least 24; got 8x64"),
    ],
)
def test_words_that_are_no_size(text: str, told: str) -> None:
    with pytest.raises(CrossgapError, match=told):
        parse_size(text)


# kept, and given images


@pytest.mark.parametrize(
    "about",
    [
        Preparation((64, 64)), Preparation((96, 128), "pad"),
        Preparation((96, 128), "stretch", (1, 2, 30, 40), (480, 640), (0.5, 2.0)),
    ],
)  # fmt: skip
def test_it_comes_back_from_json(about: Preparation) -> None:
    assert Preparation.of_json(about.to_json()) == about
    assert isinstance(about.to_json()["size"], int) == (about.size == (64, 64))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": [64]}, "'size' has 1 numbers, expected 2"),
        ({"size": 0}, "'size' is 0, expected"),
        ({"fit": "zoom"}, "There is no fit 'zoom'. Available: crop, pad, stretch"),
        ({"roi": [0, 0, 0, 4]}, "region of interest is x, y, width and height"),
        ({"roi": [0, 0, 99, 4], "camera": [48, 64]}, "ends at 99,4, outside of images of 64×48"),
        ({"value_range": [2, 1]}, "A range is the value that becomes black and a higher one"),
        ({"value_range": ["a", 1]}, "value_range"),
    ],
)
def test_damaged_json(change: dict, told: str) -> None:
    with pytest.raises(CrossgapError, match=told):
        Preparation.of_json(Preparation((64, 64)).to_json() | change)


def test_forms_of_camera_images() -> None:
    about = Preparation((24, 24))
    expected = about.prepare(CAMERA)[None]
    forms = [
        CAMERA, CAMERA[None], [CAMERA], CAMERA.transpose(2, 0, 1)[None], [CAMERA.transpose(2, 0, 1)],
        Image.fromarray(CAMERA),
    ]  # fmt: skip
    for form in forms:
        np.testing.assert_array_equal(as_images(form, 24, preparation=about), expected)
    mixed = as_images([CAMERA, CAMERA[:30], expected[0]], 24, preparation=about)
    np.testing.assert_array_equal(mixed[2], expected[0])
    with pytest.raises(CrossgapError, match=r"\(48, 64\) uint8. Grey images have three equal channels"):
        as_images(CAMERA[..., 0], 24, preparation=about)


def test_bgr_is_turned_round_and_pillow_knows_its_own_order() -> None:
    for about in (None, Preparation((48, 64)), Preparation((24, 24))):
        size = (48, 64) if about is None else about.size
        expected = as_images(CAMERA, size, preparation=about)
        for form in (
            CAMERA[..., ::-1],
            CAMERA[..., ::-1].transpose(2, 0, 1)[None].copy(),
            Image.fromarray(CAMERA),
        ):
            np.testing.assert_array_equal(as_images(form, size, preparation=about, order="bgr"), expected)
    with pytest.raises(CrossgapError, match=r"Order of channels 'grb' not found. Available: bgr, rgb"):
        as_images(CAMERA, 24, order="grb")  # type: ignore[arg-type]


def test_depth_as_arrays() -> None:
    depth = CAMERA[..., 0].astype(np.uint16) * 10
    about = Preparation((24, 24), value_range=(0, 2550))
    expected = about.prepare(depth)[None]
    for form in (depth, depth[..., None], depth[None], [depth], depth / 1.0, Image.fromarray(depth)):
        np.testing.assert_array_equal(as_images(form, 24, preparation=about), expected)
    with pytest.raises(CrossgapError, match=r"An image of bytes. Expected 16 bits or numbers of depth"):
        as_images(CAMERA, 24, preparation=about)
