"""A user's own pictures, for models of images alone: read, checked, and described as data sets are."""

from pathlib import Path

from crossgap.base.progress import say, track
from crossgap.commands.options import Pictures, PictureSet
from crossgap.commands.own_data import OwnData
from crossgap.commands.preparing import SIDES, Preparing
from crossgap.data import LabelledImages, LabelScale
from crossgap.data.folder import image_folder
from crossgap.data.images import describe
from crossgap.data.overlap import check_pair, check_shared
from crossgap.data.pictures import halves_in, read_pairs, read_pictures, read_side_by_side, sides_in
from crossgap.data.sizes import written
from crossgap.errors import CrossgapError
from crossgap.methods.registry import Method

UNLABELLED = LabelScale((), ())
"""Of no labels."""
FEW = 50
"""Pictures of a side; with fewer a training says so."""


def read_own_pictures(given: PictureSet, method: Method) -> OwnData:
    """Read the folders that a method is to learn from; one set of pictures is both sides.

    Raises:
        CrossgapError: whatever is wrong with a folder, or two that do not fit together.
    """
    preparing, sides = Preparing(given.images), SIDES
    places = _places(given, method)
    if isinstance(given, Pictures) and given.swap:
        sides = SIDES[::-1]
    fits = preparing.fit(sides[0]), preparing.fit(sides[1])
    if not isinstance(given, Pictures):
        source = target = read_pictures(places[0], preparing.fit("target"), track)
    elif len(places) == 1:
        _say_halves(places[0])
        source, target = read_side_by_side(places[0], fits, track)
    elif method.paired:
        source, target = read_pairs(places[0], places[1], fits, track)
    else:
        source, target = (read_pictures(place, fit, track) for place, fit in zip(places, fits, strict=True))
    preparing.report()
    for place, data in {places[0]: source, places[-1]: target}.items():
        _check_enough(place, data)
    if isinstance(given, Pictures):
        if given.swap:
            source, target, places = target, source, places[::-1]
        check_shared({"source": source, "target": target})
    check_pair(source, target)
    size = None if given.images.size is None else written(source.size)
    about = {
        "source": _described(places[0], source) | preparing.about("source"),
        "target": _described(places[-1], target) | preparing.about("target"), "labels": [], "classes": None,
        "size": size,
    }  # fmt: skip
    return OwnData(source, target, {}, UNLABELLED, about, {}, preparing.decided())


def _say_halves(folder: Path) -> None:
    """How pictures are read that are to hold a pair each, and whether they look like that."""
    (width, height), single = halves_in(folder)
    say(f"{folder}: each picture is read as two side by side, of {width}×{height} pixels.")
    if single:
        say(
            "Most of them look like one picture, not like two: the left half goes on into the right one. "
            "Pairs in two folders are for --source and --target."
        )


def _check_enough(folder: Path, data: LabelledImages) -> None:
    """Whether there is something to learn from; a word where it is little.

    Raises:
        CrossgapError: there is one picture.
    """
    if len(data) < 2:
        raise CrossgapError(f"{folder} has 1 picture. Expected several to learn from, some hundreds at best.")
    if len(data) < FEW:
        say(
            f"{folder} has {len(data)} pictures, which are few: fewer than {FEW} teach little but themselves."
        )


def _places(given: PictureSet, method: Method) -> list[Path]:
    """The folders to read: of both sides, or one that holds all."""
    sides = (given.source, given.target) if isinstance(given, Pictures) else (None, None)
    if given.data is not None and any(sides):
        raise CrossgapError("--data has both sides. Expected it alone, or --source and --target.")
    if given.data is None:
        both = [side for side in sides if side is not None]
        if len(both) < 2:
            raise CrossgapError("Expected --source and --target, or --data with both sides in one folder.")
        return both
    if not isinstance(given, Pictures):
        return [given.data]
    found = sides_in(image_folder(given.data))
    if found is not None:
        return list(found)
    if not method.paired:
        raise CrossgapError(
            f"{given.data} has no folders trainA and trainB. Expected pictures of both sides there."
        )
    train = given.data / "train"  # beside val and test, as in pix2pix's data sets
    return [train if train.is_dir() else given.data]


def _described(path: Path, data: LabelledImages) -> dict:
    return {"path": str(path.resolve()), **describe(data)}
