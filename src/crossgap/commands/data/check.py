"""`crossgap data check`: data sets, looked at before a training."""

from pathlib import Path

import numpy as np
from rich.table import Table

from crossgap.base.progress import command, console, say, say_next, track
from crossgap.data.contact_sheet import contact_sheet
from crossgap.data.findings import alone, together
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
    cameras = (*camera, *camera, None, None) if len(camera) < 2 else camera
    sets = {"source": survey(source, labels, cameras[0], track)}
    if target is not None:
        sets["target"] = survey(target, labels, cameras[1], track)
    for name, found in sets.items():
        say(describe(name, found))
    _print_labels(sets)
    findings = [finding for name, found in sets.items() for finding in alone(found, name, name == "source")]
    if target is not None:
        findings += together(*sets.values())
    for refused, heading in ((True, "Would be refused"), (False, "Looks wrong, or should be known")):
        if texts := [finding.text for finding in findings if finding.refused == refused]:
            say(f"{heading}:")
            for text in texts:
                say(f"- {text}")
    if output is not None and all(len(found.thumbnails) for found in sets.values()):
        say(f"Contact sheet: {contact_sheet({name: _shown(one) for name, one in sets.items()}, output)}")
    fine = not any(finding.refused for finding in findings)
    if fine and target is not None:
        training = ("train", "fine_tuned", "--source", source, "--target", target, "--output", "outputs/mine")
        say_next({"A training takes them": command(*training)})
    elif fine:
        say("Nothing would be refused.")
    return fine


def describe(name: str, found: Survey) -> str:
    """A set in a sentence: how much of what, and how it looks."""
    sizes = ", ".join(shown(size) for size, _ in found.sizes.most_common(3)) or "none that can be read"
    episodes = len(set(found.index.episodes.tolist()))
    text = f"{name}: {len(found):,} images in {episodes:,} episodes, {sizes} pixels"
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
