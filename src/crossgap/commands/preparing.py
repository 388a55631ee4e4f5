"""What the options on images say: how those of the source's camera and of the target's are prepared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crossgap.commands.options import Cameras, Sizing
from crossgap.data.cells import Fit
from crossgap.data.preparation import Preparation
from crossgap.data.prepared import AsTheyAre, Prepared
from crossgap.data.sizes import parse_size
from crossgap.errors import CrossgapError

SIDES = ("source", "target")


class Preparing:
    """The `Fit` of each set of a training.

    Args:
        options: as they were given.

    Raises:
        CrossgapError: one cannot be; the message says which, and what was expected.
    """

    def __init__(self, options: Sizing):
        self._prepared: dict[str, Prepared] = {}
        given = {side: _given(options, side) for side in SIDES}
        if options.size is None:
            if alone := [f"--{name}" for name in ("fit", *given["source"], *given["target"])
                         if name != "fit" or options.fit != Sizing.fit]:  # fmt: skip
                raise CrossgapError(
                    f"{alone[0]} needs --size: what images are brought to, 64, or HEIGHTxWIDTH, 96x128."
                )
            return
        size = parse_size(options.size)
        for side in SIDES:
            roi = numbers(given[side], f"{side}-roi", 4, int, "x,y,width,height in pixels of the camera")
            wanted = "LOW,HIGH: which values become black and white"
            low_high = numbers(given[side], f"{side}-range", 2, float, wanted)
            try:
                prepared = Preparation(size, options.fit, roi, None, low_high)
            except CrossgapError as error:
                raise CrossgapError(f"--{side}-{'range' if roi is None else 'roi'}: {error}") from None
            self._prepared[side] = Prepared(prepared, side)

    def fit(self, side: str) -> Fit:
        """What prepares the images of a set, of the source's camera or of the target's."""
        return self._prepared.get(side) or AsTheyAre()

    def report(self) -> None:
        """Once all is read: say what fell outside of a range."""
        for prepared in self._prepared.values():
            prepared.report()

    def decided(self) -> dict[str, Preparation]:
        """By side, once all is read."""
        return {side: prepared.preparation for side, prepared in self._prepared.items()}

    def about(self, side: str) -> dict[str, object]:
        """Of a set's record in a run's settings, beside the size; nothing of what is only cropped to it."""
        found = self._prepared[side].preparation if side in self._prepared else None
        if found is None or found == Preparation(found.size):
            return {}
        return {"preparation": found.to_json()}


def _given(options: Sizing, side: str) -> dict[str, str]:
    """The options of one camera that were given, by their names."""
    if not isinstance(options, Cameras):
        return {}
    texts = {f"{side}-{what}": getattr(options, f"{side}_{what}") for what in ("roi", "range")}
    return {name: text for name, text in texts.items() if text is not None}


def numbers(given: dict[str, str], name: str, count: int, kind: Callable[[str], float], expected: str) -> Any:
    """A tuple of so many numbers that an option lists, None where it is not given."""
    if name not in given:
        return None
    try:
        found = tuple(kind(part) for part in given[name].split(","))
    except ValueError:
        found = ()
    if len(found) != count:
        raise CrossgapError(f"--{name} {given[name]}: expected {expected}.")
    return found
