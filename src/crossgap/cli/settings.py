"""Options for the settings of methods: for the parts that are asked for, and no others."""

from collections.abc import Collection, Iterable
from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import partial
from typing import Annotated, Any, TypeVar, cast, get_type_hints

from tyro.conf import OmitArgPrefixes, arg

from crossgap.methods.config import OWN_DATA, RENAMED, TaskGANConfig, for_classes, option_name
from crossgap.methods.registry import own_settings

Thing = TypeVar("Thing")
Flat = Annotated[Thing, arg(name="")]
"""A dataclass whose fields are options without its own name before theirs."""

BOXES = {
    "data": ("What is read of the data.", ("labels", "classes", "camera", "skip_bad")),
    "running": ("How it runs.", ("seed", "device", "precision")),
}
"""Options that stand in boxes of their own in help, below what a beginner needs: about, and which."""


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


def as_config(settings: Any, classes: bool = False) -> TaskGANConfig:
    """What such options say, as methods take it; where labels are `classes`, with the defaults for these.

    Raises:
        CrossgapError: a number of something below 1, or a rate or weight that cannot be.
    """
    given, own = vars(settings), own_settings().items()
    parts = {item.name: given[item.name] for item in fields(TaskGANConfig)}
    parts["own"] = {name: given[name] for name, default in own if given.get(name, default) != default}
    config = TaskGANConfig(**parts)
    return for_classes(config) if classes else config


def in_boxes(kind: type) -> type:
    """A dataclass of the same options, of which those of `BOXES` stand in boxes of their own in help, as does
    what is a dataclass itself. What it reads is made one of `kind` by `out_of_boxes`."""
    hints = get_type_hints(kind)
    defaults = {item.name: item.default for item in fields(kind)}
    unseen = {name: (name, hint, field(default=None, init=False)) for name, hint in hints.items()}
    made: list[Any] = [
        (name, OmitArgPrefixes[hint], defaults[name]) for name, hint in hints.items() if is_dataclass(hint)
    ]
    inside: set[str] = set()
    for box, (about, names) in BOXES.items():
        if kept := [name for name in names if name in hints]:
            shown = unseen | {name: (name, hints[name], defaults[name]) for name in kept}
            Box = make_dataclass(
                box, shown.values(), bases=(kind,), frozen=True, kw_only=True, namespace={"__doc__": about}
            )
            made.append((box, OmitArgPrefixes[Box]))  # a default would show what is unseen, too
            inside |= set(kept)
    made += [unseen[name] for name in inside]
    return make_dataclass(kind.__name__, made, bases=(kind,), frozen=True, kw_only=True)


def out_of_boxes(kind: type[Thing], given: Any) -> Thing:
    """One of `kind` from what `in_boxes` of it has read."""
    boxes = {name: getattr(given, box, given) for box, (_, names) in BOXES.items() for name in names}
    return kind(
        **{item.name: getattr(boxes.get(item.name, given), item.name) for item in fields(cast(Any, kind))}
    )
