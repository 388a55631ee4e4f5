"""`crossgap collect`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from crossgap.collection import Collection


def collect(
    output: Positional[Path], collection: Annotated[Collection, arg(name="")] = Collection(),  # noqa: B008
    workers: int | None = None,
) -> None:  # fmt: skip
    """Collect labelled images from the built-in simulation into a new folder.

    Args:
        output: the folder to make.
        collection: what to collect.
        workers: processes; all cores by default.
    """
    from crossgap.base.progress import command, say, say_next, track
    from crossgap.data.folder import read_folder
    from crossgap.simulation.collect import collect

    images = read_folder(path := collect(collection, output, workers, track), track=track)
    say(f"{len(images):,} labelled images in {path}, read back and checked.")
    say(f"{collection.size} × {collection.size} pixels; labels: {', '.join(images.label_names)}")
    source = "source" in collection.look
    sides = (path, "FOLDER") if source else ("FOLDER", path)
    training = command(
        "train", "fine_tuned", "--source", sides[0], "--target", sides[1], "--output", "outputs/mine"
    )
    say_next({f"Next, as the {'source' if source else 'target'} of a training": training})
