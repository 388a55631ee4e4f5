"""A user's data sets as a policy sees them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from crossgap.base.progress import track
from crossgap.commands.options import AdaptOptions, GogglesOptions
from crossgap.commands.preparing import Preparing
from crossgap.data.folder import has_labels
from crossgap.data.observations import Observations, read_observations
from crossgap.errors import CrossgapError


def read_frames(
    options: GogglesOptions | AdaptOptions, preparing: Preparing, side: str, folder: Path,
    labelled: bool | None,
) -> Observations:  # fmt: skip
    """A data set as the policy sees it.

    Args:
        options: which cameras, state and actions.
        preparing: what becomes of images.
        side: `source` or `target`: whose camera's.
        folder: the data set.
        labelled: whether its actions are read; None: where it has such.

    Raises:
        CrossgapError: whatever is wrong with it.
    """
    if not folder.exists():
        raise CrossgapError(f"{folder} does not exist. Expected a data set.")
    read: Callable[..., Observations] = partial(
        read_observations, folder, options.cameras, options.state, options.labels, track=track,
        fit=preparing.fit(side),
    )  # fmt: skip
    if labelled is None:
        labelled = options.target_labels == "all" and has_labels(folder)
    return read(labelled=labelled)
