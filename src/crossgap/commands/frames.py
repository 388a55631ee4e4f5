"""A user's data sets as a policy sees them."""

from pathlib import Path

from crossgap.base.progress import track
from crossgap.commands.options import AdaptOptions, GogglesOptions
from crossgap.commands.own_data import labels_like
from crossgap.commands.preparing import Preparing
from crossgap.data.folder import has_labels
from crossgap.data.observations import Observations, read_observations
from crossgap.errors import CrossgapError


def read_frames(
    options: GogglesOptions | AdaptOptions, preparing: Preparing, side: str, folder: Path,
    labelled: bool | None, like: tuple[str, ...] = (),
) -> Observations:  # fmt: skip
    """A data set as the policy sees it.

    Args:
        options: which cameras, state and actions.
        preparing: what becomes of images.
        side: `source` or `target`: whose camera's.
        folder: the data set.
        labelled: whether its actions are read; None: where it has such.
        like: the source's actions, which are read where it has them all and no others are asked for.

    Raises:
        CrossgapError: whatever is wrong with it.
    """
    if not folder.exists():
        raise CrossgapError(f"{folder} does not exist. Expected a data set.")
    if labelled is None:
        labelled = options.target_labels == "all" and has_labels(folder)
    labels = labels_like(folder, options.labels, like) if labelled and like else options.labels
    return read_observations(
        folder, options.cameras, options.state, labels, labelled, track, preparing.fit(side)
    )
