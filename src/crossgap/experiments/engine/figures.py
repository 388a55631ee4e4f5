"""The plots beside results files, of these alone: `python -m crossgap.experiments.engine.figures`."""

from pathlib import Path

from crossgap.base.progress import say
from crossgap.experiments.engine.experiment import EXPERIMENTS


def redraw(results: Path) -> list[Path]:
    """Draw every plot anew that a results file of an experiment has; nothing is trained or run.

    Args:
        results: the folder with `<experiment>/<preset>.json`; a file of no preset, such as one that was put
            aside, is left out.

    Returns:
        The PNGs that were written.

    Raises:
        CrossgapError: a results file is damaged.
    """
    drawn: list[Path] = []
    for name, entry in EXPERIMENTS.items():
        files = (results / name / f"{preset}.json" for preset in entry.presets)
        for path in filter(Path.exists, files):
            drawn += entry.load().plot(path)
    return drawn


if __name__ == "__main__":
    for picture in redraw(Path("results")):
        say(str(picture))
