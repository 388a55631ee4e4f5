"""Options for the settings of methods: for the parts that are asked for, and no others."""

import ast
import inspect
import itertools
from collections.abc import Iterable
from dataclasses import fields, make_dataclass, replace
from typing import Annotated, Any, get_type_hints

from tyro.conf import arg

from crossgap.methods.config import OWN_DATA, TaskGANConfig
from crossgap.methods.registry import own_settings

RENAMED = {"canonical": "rcan"}
"""Parts whose options have a clearer name now; the one that they have in files goes on working."""


def told(kind: type) -> dict[str, str]:
    """What a dataclass says of its fields: the text below each."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    texts = {}
    for item, text in itertools.pairwise(getattr(tree, "body", [])):
        if isinstance(item, ast.AnnAssign) and isinstance(text, ast.Expr):
            texts[ast.unparse(item.target)] = " ".join(ast.literal_eval(text.value).split())
    return texts


def option_name(part: str) -> str:
    """What the options of a part begin with."""
    return RENAMED.get(part, part).replace("_", "-")


def settings_type(parts: Iterable[str]) -> type:
    """A dataclass of options: a group for each part of `TaskGANConfig`, or of a family's own settings, with
    the defaults of `OWN_DATA`, or the family's."""
    about, own, options = told(TaskGANConfig), own_settings(), []
    for part in parts:
        default = own[part] if part in own else getattr(OWN_DATA, part)
        text, kind = about.get(part) or inspect.getdoc(default), type(default)
        if part in RENAMED:
            kind, default = _with_aliases(part, default)
        options.append((part, Annotated[kind, arg(name=option_name(part), help=text)], default))
    return make_dataclass("Settings", options, frozen=True)


def as_config(settings: Any) -> TaskGANConfig:
    """What such options say, as methods take it.

    Raises:
        CrossgapError: a number of something below 1, or a rate or weight that cannot be.
    """
    own, given = own_settings(), dict(vars(settings))
    chosen = {name: given.pop(name) for name in own.keys() & given.keys()}
    for part in RENAMED.keys() & given.keys():
        given[part] = replace(getattr(OWN_DATA, part), **vars(given[part]))
    return replace(OWN_DATA, **given, own={name: one for name, one in chosen.items() if one != own[name]})


def _with_aliases(part: str, default: Any) -> tuple[type, Any]:
    """A part whose options can also be called as the part is."""
    kind, texts, types = type(default), told(type(default)), get_type_hints(type(default))
    options = [
        (name, Annotated[types[name], arg(help=texts[name], aliases=(f"--{part}.{name.replace('_', '-')}",))],
         getattr(default, name))
        for name in (item.name for item in fields(kind))
    ]  # fmt: skip
    made = make_dataclass(kind.__name__, options, frozen=True)
    return made, made()
