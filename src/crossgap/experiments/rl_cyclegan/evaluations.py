"""Evaluations that are made once, and tell what they are of: settings, and the weights that were trained for
them."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from crossgap.base.files import once, told_of
from crossgap.base.records import Shape, as_json
from crossgap.core.weights import ABOUT, digest_in, newest_in


def evaluated(
    path: Path, make: Callable[[], Any], shape: Shape, about: dict[str, Any],
    trained: Callable[[], Collection[str]], place: Callable[[str], Path],
) -> Any:  # fmt: skip
    """An evaluation, made first where there is none, and anew where it is of other settings or weights.

    One that tells nothing stays: it is of before evaluations told what they are of. So does one whose
    training has been removed since.

    Args:
        path: its file.
        make: makes it.
        shape: as of `once`.
        about: the settings that it depends on.
        trained: after `make`, the names of what was trained for it.
        place: by such a name, the folder of the training.
    """

    def of() -> dict[str, Any] | None:
        told = told_of(path, "evaluation") if path.exists() else {}
        if told is None:
            return None
        names = trained() or [key.removeprefix(LEARNT) for key in told if key.startswith(LEARNT)]
        return as_json(about) | {LEARNT + name: weights_in(place(name)) for name in sorted(names)}

    return once(path, make, "evaluation", shape, of)


LEARNT = "learnt/"
"""How keys begin that tell the digests of weights."""


def weights_in(folder: Path) -> str | None:
    """The digest of what a training's newest checkpoint holds, None where there is none."""
    for phase in filter(Path.is_dir, (folder / "checkpoints").glob("*")):
        if newest := newest_in(phase):
            return digest_in(newest / ABOUT, "checkpoint")
    return None
