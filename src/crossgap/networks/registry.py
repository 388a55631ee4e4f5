"""Networks by name, each with the arguments that it was made with: what a saved one is built again from."""

import functools
import importlib
import inspect
from typing import Any, TypeVar

from torch import nn

from crossgap.errors import CrossgapError, find
from crossgap.networks.factory import from_factory, is_trusted, untrusted

Network = TypeVar("Network", bound=nn.Module)
NETWORKS: dict[str, type[nn.Module]] = {}
"""By the name of their class."""


def register_network(kind: type[Network]) -> type[Network]:
    """Let networks of a class be saved and built again; to be written above it as a decorator.

    Its arguments have to be numbers, texts, true, false or None, or lists of these.

    Raises:
        CrossgapError: another class has that name.
    """
    name, known = kind.__name__, NETWORKS.get(kind.__name__, kind)
    if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise CrossgapError(
            f"Network '{name}' of {known.__module__} is registered already. Expected another name for that "
            f"of {kind.__module__}."
        )
    signature, make = inspect.signature(kind), kind.__init__

    @functools.wraps(make)
    def remember(self: Any, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        given = signature.bind(*arguments, **named)
        given.apply_defaults()
        self.made_with = dict(given.arguments)

    kind.__init__ = remember  # type: ignore[method-assign]
    NETWORKS[name] = kind
    return kind


def described(network: nn.Module) -> dict[str, Any]:
    """The name of a network's class and its arguments, from which `build` makes another one like it, and its
    module where that is none of this room; or the factory that made it.

    Raises:
        CrossgapError: its class is not registered.
    """
    if made_by := vars(network).get("made_by"):
        return {"factory": made_by}
    name = type(network).__name__
    if NETWORKS.get(name) is not type(network):
        raise CrossgapError(
            f"Only registered networks can be saved; got {name}. Put @register_network of crossgap.networks "
            "above its class, or name a function that makes it: from_factory('package.module:factory')."
        )
    made = {"name": name, "arguments": vars(network)["made_with"]}
    module = type(network).__module__
    return made if module.startswith("crossgap.networks.") else made | {"module": module}


def build(
    name: str = "", arguments: dict[str, Any] | None = None, factory: str = "", module: str = ""
) -> nn.Module:  # fmt: skip
    """An untrained network, by its class or by a factory that this process trusts.

    Args:
        name: of its class.
        arguments: of it.
        factory: what makes it, in the place of a class.
        module: where the class is registered, as `described` says it; imported where it is one of ours.

    Raises:
        CrossgapError: no network of that name is registered, or the factory is not trusted or cannot be
            imported.
        TypeError, ValueError: it takes no such arguments.
    """
    if factory:
        if not is_trusted(factory):
            raise untrusted("A description", factory)
        return from_factory(factory)
    if name not in NETWORKS and module.startswith("crossgap.methods."):
        importlib.import_module(module)  # of ours alone: a file makes nobody else's code run
    return find("Network", name, NETWORKS)(**arguments or {})
