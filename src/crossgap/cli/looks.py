"""`crossgap looks`."""

from pathlib import Path

from tyro.conf import Positional


def looks(output: Positional[Path] = Path("looks.png"), size: int = 128) -> None:
    """Draw a contact sheet of all looks as one picture; those that cannot be drawn here are named, and why.

    Args:
        output: the PNG to write.
        size: width and height of each image in pixels.
    """
    from crossgap.base.progress import say as tell
    from crossgap.simulation.contact_sheet import contact_sheet, left_out

    tell(f"Looks: {contact_sheet(output, size)}")
    for name, problem in left_out().items():
        tell(f"Left out is {name}. {problem}")
