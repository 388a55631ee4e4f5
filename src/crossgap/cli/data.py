"""`crossgap data`: what is done with data sets before a training; it is imported when it runs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from crossgap.errors import find

ABOUT = "Convert data sets, and check them before a training."


def convert(
    source: Positional[Path], output: Positional[Path], to: Literal["lerobot", "folder"] | None = None,
    camera: str | None = None, images: Literal["image", "h264", "av1"] = "image", feature: str = "action",
    fps: float = 10.0,
) -> None:  # fmt: skip
    """Convert a data set: a folder of images and labels.csv, a LeRobotDataset v3.0, or demonstrations of
    robomimic or Isaac Lab in HDF5. Labels, actions and states keep every byte.

    Args:
        source: the data set.
        output: the new folder.
        to: its form; by default a folder of a LeRobot data set, and one of these of all others.
        camera: which camera's images a folder gets; by default those of all, a column for each.
        images: how a LeRobot data set keeps images: each as a PNG, or as videos, which lose some of it.
        feature: what the label columns of a folder become in a LeRobot data set.
        fps: frames per second of what does not say.
    """
    from crossgap.commands.data.convert import convert

    convert(source, output, to, camera, images, feature, fps)


def check(
    source: Positional[Path], target: Positional[Path | None] = None, labels: tuple[str, ...] | None = None,
    camera: tuple[str, ...] = (), output: Path | None = Path("check.png"),
) -> None:  # fmt: skip
    """Look at one data set, or at a source and a target before a training: what is in them, what would be
    refused and how to mend it, what looks wrong.

    Args:
        source: labelled images of the source domain.
        target: images of the target domain, with labels or without.
        labels: label columns to look at, as of a training.
        camera: of several cameras, which one, a second one for the target; by default each is looked at.
        output: the contact sheet to write, a PNG.
    """
    from crossgap.commands.data.check import check

    sys.exit(0 if check(source, target, labels, camera, output) else 1)


VERBS: dict[str, Callable[..., None]] = {"convert": convert, "check": check}


def names() -> dict[str, str]:
    """What can be done, each in a line."""
    return {
        "convert": "a data set in another form: folder, LeRobot, HDF5",
        "check": "what is in data sets, what would be refused, what looks wrong",
    }


def command(name: str) -> Callable[..., None]:
    """`crossgap data NAME`.

    Raises:
        CrossgapError: there is none of that name.
    """
    return find("Verb", name, VERBS)
