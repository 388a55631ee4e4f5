"""`crossgap report`."""

from pathlib import Path

from tyro.conf import Positional


def report(
    run: Positional[Path], look: str | None = None, seed: int | None = None, picture: Path | None = None
) -> None:
    """Write the report of a demo's or a reproduction's run folder again (of taskgan or xarm7).

    Args:
        run: the run folder.
        look: which look; by default the run's first; a report of xarm7 has all.
        seed: which seed; by default the run's first.
        picture: also write its rows of images as a PNG here.
    """
    from crossgap.commands.report import report_again

    report_again(run, look, seed, picture)
