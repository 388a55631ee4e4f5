"""`crossgap doctor`."""

import sys


def doctor() -> None:
    """Check versions, OpenGL, device and precision, and say what to do about each problem."""
    from crossgap.commands.doctor import examine

    sys.exit(0 if examine() else 1)
