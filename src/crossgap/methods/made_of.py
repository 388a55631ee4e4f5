"""What a model or a checkpoint was trained on and with, compared with what is asked for."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from crossgap.base.records import summary
from crossgap.data.images import LabelCoding
from crossgap.deploy.adapted import ABOUT
from crossgap.errors import CrossgapError
from crossgap.methods.registry import EXTRA

NOT_COMPARED = {"threads"}
"""Of a record: what a training may go on with otherwise, for all that sums then round otherwise."""


def rounded(scale: LabelCoding) -> dict[str, Any]:
    """A scale to eight digits: the last ones of a mean depend on where in memory the labels lie."""
    return {
        key: [float(f"{number:.8g}") for number in value] if isinstance(value, tuple) else value
        for key, value in asdict(scale).items()
    }


def check_same(where: Path, found: Any, wanted: dict[str, Any], *others: Path) -> None:
    """Whether what is in a folder is made of what is asked for. A data set of `EXTRA`
    that is not given now is not compared: what is trained can be loaded without it.

    Args:
        where: the folder, of a model or of checkpoints.
        found: the record that is kept with it; empty where there is none.
        wanted: what `Methods.made_of` says.
        others: what has to go, too, if that folder is to be made anew.

    Raises:
        CrossgapError: it is made of something else, or nobody knows of what.
    """
    places = " and ".join(str(path) for path in (where, *others) if path.exists())
    if not isinstance(found, dict) or not found:
        as_it_is = "; `AdaptedModel.load` reads the model as it is" if (where / ABOUT).exists() else ""
        raise CrossgapError(
            f"{where} does not say what it was trained on: an older version made it. Choose another folder, "
            f"or remove {places} to train it again{as_it_is}."
        )
    left_out = NOT_COMPARED | (EXTRA.keys() - wanted.keys())
    one, other = ({k: v for k, v in part.items() if k not in left_out} for part in (found, wanted))
    if different := summary(one, other):
        raise CrossgapError(
            f"{where} holds another training: {different}. Choose another folder, or remove {places}."
        )
