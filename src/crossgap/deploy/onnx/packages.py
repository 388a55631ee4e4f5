"""The packages of the extra `export`, imported when they are needed."""

import importlib
from types import ModuleType

from crossgap.errors import CrossgapError


def needed(name: str) -> ModuleType:
    """A package of the extra `export`.

    Raises:
        CrossgapError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
        raise CrossgapError(
            f"Exporting needs the package {error.name}, which is not here. Expected the extra `export`: "
            "pip install 'crossgap[export]'."
        ) from error
