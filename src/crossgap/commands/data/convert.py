"""`crossgap data convert`: a data set in another form."""

from pathlib import Path

from crossgap.base.progress import command, counted, say, say_next, track
from crossgap.data import convert as converting
from crossgap.data.convert import Form
from crossgap.data.lerobot.writer import Storage


def convert(
    source: Path,
    output: Path,
    form: Form | None,
    camera: str | None,
    storage: Storage,
    feature: str,
    fps: float,
) -> None:
    """Convert a data set, and say what came of it; arguments as of `crossgap.data.convert.convert`.

    Raises:
        CrossgapError: something is wrong with the data set, or `output` is there.
    """
    count, made = converting.convert(source, output, form, camera, storage, feature, fps, track)
    kinds = {"lerobot": "a LeRobotDataset v3.0", "folder": "images and labels.csv"}
    say(f"{output}: {kinds[made]} of {counted(count, 'frame')}.")
    say_next({"Next, look at it": command("data", "check", output)})
