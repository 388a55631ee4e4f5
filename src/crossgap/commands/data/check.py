"""`crossgap data check`: data sets, looked at before a training."""

from pathlib import Path

import numpy as np
from rich.table import Table

from crossgap.base.progress import command, console, counted, say, say_next, track
from crossgap.data.contact_sheet import contact_sheet
from crossgap.data.findings import Finding, alone, together
from crossgap.data.folder import cameras_in
from crossgap.data.sizes import shown
from crossgap.data.survey import Survey, survey
from crossgap.errors import CrossgapError

SHEET = 8
"""Images of each set on the contact sheet."""


def check(
    source: Path, target: Path | None, labels: tuple[str, ...] | None, camera: tuple[str, ...],
    output: Path | None,
) -> bool:  # fmt: skip
    """Look at one data set or two, and say what is in them and what is wrong.

    Returns:
        Whether a training would take them.

    Raises:
        CrossgapError: a table is wrong, or there is nothing to look at.
    """
    if len(camera) > 2:
        raise CrossgapError(
            f"--camera names {len(camera)} cameras. Expected one, or one for each of two sets."
        )
    chosen = (*camera, *camera, None, None) if len(camera) < 2 else camera
    seen = {"source": _surveys(source, labels, chosen[0])}
    if target is not None:
        seen["target"] = _surveys(target, labels, chosen[1])
    sets = {_named(side, one): found for side, each in seen.items() for one, found in each.items()}
    say_sets(seen)
    _print_labels({side: next(iter(each.values())) for side, each in seen.items()})
    findings = findings_of(seen)
    several = {side: [*each] for side, each in seen.items() if len(each) > 1}
    for refused, heading in ((True, "Would be refused"), (False, "Looks wrong, or should be known")):
        if texts := [finding.text for finding in findings if finding.refused == refused]:
            say(f"{heading}:")
            for text in texts:
                say(f"- {text}")
    if output is not None and all(len(found.thumbnails) for found in sets.values()):
        say(f"Contact sheet: {contact_sheet({name: _shown(one) for name, one in sets.items()}, output)}")
    fine = not any(finding.refused for finding in findings)
    for side, cameras in several.items():
        say(
            f"{side}: {len(cameras)} cameras. A training takes one, --camera {cameras[0]}; goggles take all, "
            f"or --cameras {' '.join(cameras)}."
        )
    if fine and not several and target is not None:
        say_next({"A training takes them": command("adapt", "--source", source, "--target", target)})
    elif fine:
        say("Nothing would be refused.")
    return fine


def _surveys(path: Path, labels: tuple[str, ...] | None, camera: str | None) -> dict[str, Survey]:
    """What a set is like, by camera: of one that is named, or of all; "" where there is one."""
    cameras = cameras_in(path) if camera is None and path.exists() else []
    if len(cameras) < 2:
        return {"": survey(path, labels, camera, track)}
    return {one: survey(path, labels, one, track) for one in cameras}


def say_sets(seen: dict[str, dict[str, Survey]]) -> None:
    """How much of what there is in each, and how it looks."""
    for side, each in seen.items():
        for camera, found in each.items():
            say(describe(_named(side, camera), found))


def _named(side: str, camera: str) -> str:
    return f"{side}, camera {camera}" if camera else side


def findings_of(seen: dict[str, dict[str, Survey]], labelled: bool = True) -> list[Finding]:
    """What is to be said of each set, and of both beside each other; each thing once.

    Args:
        seen: what each side is like, `source` and where there is one `target`, by camera; one camera's name
            may be empty.
        labelled: whether the source needs labels.
    """
    found = [
        Finding(one.refused, one.text.replace(f"{side}:", f"{_named(side, camera)}:", 1))
        for side, each in seen.items() for camera, looked in each.items()
        for one in alone(looked, side, labelled and side == "source")
    ]  # fmt: skip
    if "target" in seen:
        found += _together(seen["source"], seen["target"])
    return list(dict.fromkeys(found))


def _together(source: dict[str, Survey], target: dict[str, Survey]) -> list[Finding]:
    """Of the cameras that both have, or of the first ones."""
    both = [camera for camera in source if camera in target]
    pairs = [(source[one], target[one]) for one in both]
    pairs = pairs or [(next(iter(source.values())), next(iter(target.values())))]
    return [finding for pair in pairs for finding in together(*pair)]


def describe(name: str, found: Survey) -> str:
    """A set in a sentence: how much of what, and how it looks."""
    sizes = ", ".join(shown(size) for size, _ in found.sizes.most_common(3)) or "none that can be read"
    episodes = len(set(found.index.episodes.tolist()))
    within = "each by itself" if episodes == len(found) > 1 else f"in {counted(episodes, 'episode')}"
    text = f"{name}: {len(found):,} images {within}, {sizes} pixels"
    if len(found.colours):
        (red, green, blue), spread = found.colours.mean(0), found.colours.mean(1).std()
        text += (
            f"; mean red {red:.0f}, green {green:.0f}, blue {blue:.0f} of 255, brightness ± {spread:.0f} "
            f"from image to image, contrast {found.contrast.mean():.0f}"
        )
    return text


def _print_labels(sets: dict[str, Survey]) -> None:
    names = list(dict.fromkeys(name for found in sets.values() for name in found.index.label_names))
    if not names:
        return
    table = Table("label", *(f"{name} min to max, mean ± spread" for name in sets), box=None)
    for label in names:
        table.add_row(label, *(_label(found, label) for found in sets.values()))
    console.print(table)


def _label(found: Survey, label: str) -> str:
    if label not in found.index.label_names:
        return "none"
    values = found.index.labels[:, found.index.label_names.index(label)].astype(np.float64)
    return f"{values.min():.4g} to {values.max():.4g}, {values.mean():.4g} ± {values.std():.4g}"


def _shown(found: Survey) -> np.ndarray:
    chosen = np.unique(np.linspace(0, len(found.thumbnails) - 1, SHEET).round().astype(int))
    return found.thumbnails[chosen]
