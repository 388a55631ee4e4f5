"""Networks that a function of yours makes: `package.module:factory`, called without arguments.

A saved model keeps that name beside its weights, and nothing is unpickled. A file alone makes nobody's code
run: what one names is called only where this process was told the same name, by `from_factory` or by `trust`.
"""

import importlib
import os
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from crossgap.errors import CrossgapError, reason_of, unknown

_TRUSTED: set[str] = set()
Loss = Callable[[Tensor, Tensor], Tensor]
"""(outputs of a network, labels) -> scalar."""


def trust(place: str) -> str:
    """Let files that this process reads name a factory, `package.module:factory`; the name.

    Raises:
        CrossgapError: it is no such name.
    """
    _TRUSTED.add(_parts(place)[2])
    return place


def is_trusted(place: str) -> bool:
    """Whether this process was told that name."""
    return place in _TRUSTED


def untrusted(where: object, factory: str) -> CrossgapError:
    """What is wrong where a file alone names a function to call."""
    return CrossgapError(
        f"{where} names the factory '{factory}', which no file may call by itself. If it is yours: "
        f"crossgap --trust {factory} …, or crossgap.networks.trust('{factory}') before."
    )


def from_factory(place: str) -> nn.Module:
    """The network that a factory makes; it remembers that name (`made_by`), by which it is saved.

    Args:
        place: `package.module:factory`, a function without arguments or a class of such.

    Raises:
        CrossgapError: it cannot be imported, fails, or makes something else.
    """
    made = _called(place)
    if not isinstance(made, nn.Module):
        raise CrossgapError(f"{place} made a {type(made).__name__}. Expected a torch.nn.Module.")
    made.made_by = trust(place)  # type: ignore[assignment]
    return made


def own_loss(given: Loss | str | None) -> tuple[Loss | None, str]:
    """A loss of the user's own, `package.module:function` or the function itself, and what a record calls it;
    None and "" where there is none.

    Raises:
        CrossgapError: it cannot be imported.
    """
    if isinstance(given, str):
        return imported(given), given
    return given, "" if given is None else getattr(given, "__qualname__", "own")


def imported(place: str) -> Any:
    """What a name `package.module:name` stands for.

    Raises:
        CrossgapError: it is no such name, or cannot be imported.
    """
    module_name, name, _ = _parts(place)
    module = _module(module_name, place)
    if not hasattr(module, name):
        raise unknown(f"{place}: function", name, _callables(module))
    if not callable(found := getattr(module, name)):
        raise CrossgapError(f"{place} is a {type(found).__name__}. Expected a function or a class.")
    return found


def here_on_path() -> None:
    """Let modules be found in the folder where a command was typed, before those that are installed."""
    if not {"", os.getcwd()} & {*sys.path}:
        sys.path.insert(0, os.getcwd())


def _called(place: str) -> Any:
    try:
        return imported(place)()
    except CrossgapError:
        raise
    except Exception as error:  # of somebody's code: any kind
        raise CrossgapError(
            f"{place}() failed ({reason_of(error)}). Expected a function that takes no "
            "arguments and returns a torch.nn.Module."
        ) from error


def _parts(place: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)", place)
    if match is None:
        raise CrossgapError(f"Expected package.module:name, such as my_policy:make; got '{place}'.")
    return match[1], match[2], place


def _module(name: str, place: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _broken(name, place, error) from error
        raise CrossgapError(
            f"{place}: no module '{error.name}'. Expected one in this folder, installed, or in a folder that "
            "PYTHONPATH names."
        ) from None
    except Exception as error:  # of somebody's code: any kind
        raise _broken(name, place, error) from error


def _broken(name: str, place: str, error: Exception) -> CrossgapError:
    return CrossgapError(
        f"{place}: importing {name} failed ({reason_of(error)}). Expected a module that can be imported here."
    )


def _callables(module: ModuleType) -> list[str]:
    """The functions and classes that a module defines."""
    found = {name: thing for name, thing in vars(module).items() if callable(thing) and name[0] != "_"}
    here = module.__name__
    return [name for name, thing in found.items() if getattr(thing, "__module__", "") == here] or ["none"]
