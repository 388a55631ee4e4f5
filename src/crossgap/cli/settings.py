"""Options for the settings of methods: for the parts that are asked for, and no others."""

from collections.abc import Collection, Iterable
from dataclasses import field, fields, make_dataclass
from functools import partial
from typing import Annotated, Any, TypeVar, get_type_hints

from tyro.conf import arg

from crossgap.methods.config import OWN_DATA, RENAMED, TaskGANConfig, option_name
from crossgap.methods.registry import own_settings

Thing = TypeVar("Thing")
Flat = Annotated[Thing, arg(name="")]
"""A dataclass whose fields are options without its own name before theirs."""


def as_now(argument: str) -> str:
    """An argument with the name that its option has now."""
    part, dot, rest = argument.removeprefix("--").partition(".")
    known = dot and argument.startswith("--") and part in RENAMED
    return f"--{RENAMED[part]}.{rest}" if known else argument


def options_of(default: Any, wanted: Collection[str], more: Iterable[Any] = ()) -> type:
    """A dataclass as that of `default`, with its values, of which only the wanted fields are options; and
    `more` fields."""
    made = [
        (name, Annotated[kind, arg(name=option_name(name))],
         field(default_factory=partial(getattr, default, name), init=name in wanted))
        for name, kind in get_type_hints(type(default)).items()
    ]  # fmt: skip
    return make_dataclass(type(default).__name__, [*made, *more], bases=(type(default),), frozen=True)


def settings_type(parts: Collection[str]) -> type:
    """A dataclass of options: a group for each part of `TaskGANConfig`, or of a family's own settings, with
    the defaults of `OWN_DATA`, or the family's."""
    own = own_settings()
    return options_of(OWN_DATA, parts, [(name, type(own[name]), own[name]) for name in parts if name in own])


def as_config(settings: Any) -> TaskGANConfig:
    """What such options say, as methods take it.

    Raises:
        CrossgapError: a number of something below 1, or a rate or weight that cannot be.
    """
    given, own = vars(settings), own_settings().items()
    parts = {item.name: given[item.name] for item in fields(TaskGANConfig)}
    parts["own"] = {name: given[name] for name, default in own if given.get(name, default) != default}
    return TaskGANConfig(**parts)
