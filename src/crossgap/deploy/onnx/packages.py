"""The packages of the extra `export`, imported when they are needed."""

from typing import Any

from crossgap.data.parquet import optional


def needed(name: str) -> Any:
    """A package of the extra `export`.

    Raises:
        CrossgapError: it is not installed.
    """
    return optional(name, "export", "An ONNX file")
