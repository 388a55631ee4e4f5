"""Every method by name: what it is, and what it needs, without what trains it. Imports no torch.

A method is a folder here, whose `__init__.py` enters it:

    enter("cut", Method("CUT", "crossgap.methods.cut.recipe:cut", settings=("source",), own=CUTConfig(),
                        target_labels=False), rank=60)

Methods of one paper that differ by switches are a family: `taskgan --supervise target source --refine`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Set
from dataclasses import KW_ONLY, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from crossgap.base.registry import Registry
from crossgap.errors import CrossgapError, unknown

if TYPE_CHECKING:
    from crossgap.deploy.adapted import AdaptedModel

Labels = frozenset[Literal["source", "target"]]
"""Of which domains a method uses the labels: the switch `supervise` of several families."""
BOTH: Labels = frozenset({"source", "target"})
EXTRA = {
    "oracle": "many labelled target images",
    "pairs": "the target images' true pairs in the source domain",
    "unlabelled": "further target images, without labels",
    "randomized": "source images with a new random look for every episode",
    "randomized_per_frame": "source images with a new random look for every frame",
}
"""Data sets that some methods need beside source and target."""
OPTIONS = {
    "pairs": "--pairs", "unlabelled": "--unlabelled", "randomized": "--randomized",
    "randomized_per_frame": "--randomized",
}  # fmt: skip
"""The option of `crossgap train` for each that a user can have."""


@dataclass(frozen=True)
class Method:
    """One way to a model for the target domain."""

    about: str
    """What it is, for tables and `--help`."""
    recipe: str
    """`module:function` that trains it, imported when it is built: called with a `Methods`, the method's
    name, and its switches by name; it returns the adapted model. What it builds on it asks of `Methods.get`,
    which trains or loads it."""
    _: KW_ONLY
    settings: tuple[str, ...]
    """The parts of `TaskGANConfig` that its model depends on, with those of what it builds on; `networks`
    comes with them and is not named, nor its own."""
    family: str = ""
    """Which it is one of; by default it is alone, in a family of its name."""
    switches: Any = None
    """What it is in its family: a frozen dataclass, all of a family of one class."""
    own: Any = None
    """Settings of its family alone, a frozen dataclass with the defaults: options `--FAMILY.…`, kept in
    `TaskGANConfig.own`, read by `Methods.own`."""
    source_side: bool = False
    """Whether it sees nothing of the target, so that all targets can share it."""
    needs: str = ""
    """The extra data set that it needs beside source and target, a key of `EXTRA`."""
    source_labels: bool = True
    """Whether it needs labels of the source images; a model of images alone does not."""
    target_labels: bool = True
    """Whether it uses labels of the target images."""
    domains: int = 2
    """How many sets of images it learns: 1 where it learns to draw such as there are, the target's."""
    paired: bool = False
    """Whether each source image belongs to the target image of the same row."""
    translates_source: bool = False
    """Whether its model is for source images, which it translates to the target: a step to others."""
    layers: bool = False
    """Whether it looks into the layers of the paper's task model, and can do with no other."""
    check: str = ""
    """`module:function` that looks at its data before anything is trained; called with a `Methods`, raises
    `CrossgapError` where they do not fit."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Of all settings, what its model depends on."""
        own = () if self.own is None else (self.family,)
        keep = () if self.source_side or not self.source_labels else ("keep",)
        return ("networks", *self.settings, *own, *keep, "geometry") if self.settings else own

    @property
    def policy(self) -> bool:
        """Whether its model acts in the target."""
        return self.source_labels and not self.translates_source

    def build(self, methods: Any, name: str) -> AdaptedModel:
        """Train it."""
        return pkgutil.resolve_name(self.recipe)(
            methods, name, **vars(self.switches) if self.switches else {}
        )


METHODS: Registry[Method] = Registry("Method", "crossgap.methods")
"""Every method by name, in the order of tables."""
RECOMMENDED: dict[str, str] = {}
"""When to take the few methods that `crossgap methods` recommends before all others."""
SHORTHANDS = {"randomized_per_frame_fine_tuned": "randomized_fine_tuned"}
"""Clearer names of methods whose models and results keep another."""


def enter(name: str, method: Method, rank: float) -> None:
    """Add a method to `METHODS`; tables have them by rank: from 0 for the baselines to 100 for the oracle."""
    METHODS.enter(name, replace(method, family=method.family or name), rank)


def recommend(name: str, when: str) -> None:
    """Recommend a method, and say when to take it; `docs/choosing.md` has the figures."""
    RECOMMENDED[name] = when


def check_setting(family: str, name: str, value: object, right: bool, expected: str) -> None:
    """Raises `CrossgapError` where one of a family's own settings is not `right`: its option, what was
    expected, and what was found."""
    if not right:
        raise CrossgapError(f"--{family}.{name.replace('_', '-')} must be {expected}; got {value}.")


def needed(key: str) -> str:
    """A data set of `EXTRA` in words, with its option."""
    return f"{EXTRA[key]} ({OPTIONS[key]})" if key in OPTIONS else EXTRA[key]


def families() -> dict[str, dict[str, Method]]:
    """The methods by family and name, in the order of tables; `CrossgapError` where a family is called as
    another one's method."""
    found: dict[str, dict[str, Method]] = {}
    for name, method in METHODS.items():
        if (other := METHODS.get(method.family, method).family) != method.family:
            raise CrossgapError(f"Family '{method.family}' of '{name}' is called as a method of '{other}'.")
        found.setdefault(method.family, {})[name] = method
    return found


def own_settings() -> dict[str, Any]:
    """The settings that families bring, with their defaults."""
    return {method.family: method.own for method in METHODS.values() if method.own is not None}


def resolve(name: str, **switches: Any) -> str:
    """The name of the method that a family and its switches say, or a method and those set otherwise.

    Raises:
        CrossgapError: there is none of that name or of such switches; the message lists those that exist.
    """
    name, known = SHORTHANDS.get(name, name), families()
    if name in METHODS and not switches:
        return name
    if name not in METHODS and name not in known:
        raise unknown("Method", name, {*METHODS, *known, *SHORTHANDS})
    family = METHODS[name].family if name in METHODS else name
    kind = type(next(iter(known[family].values())).switches)
    if strange := min(switches.keys() - {item.name for item in _fields(kind)}, default=""):
        raise unknown(f"Switch of '{family}'", strange, [item.name for item in _fields(kind)] or ["none"])
    begun = METHODS[name].switches if name in METHODS else kind()
    sets = {key: _as_switch(key, value, getattr(begun, key)) for key, value in switches.items()}
    wanted = replace(begun, **sets) if sets else begun
    for member, method in known[family].items():
        if method.switches == wanted:
            return member
    there = "; ".join(said(method) for method in known[family].values())
    raise CrossgapError(f"There is no '{said(METHODS[member], wanted)}'. Available: {there}.")


def _as_switch(name: str, given: Any, like: Any) -> Any:
    """A switch's value as one like another: labels may be a list, or a text of one."""
    if isinstance(like, frozenset):
        texts = [given] if isinstance(given, str) else given
        if isinstance(texts, list | tuple | Set) and all(isinstance(text, str) for text in texts):
            return frozenset(texts)
    elif isinstance(given, type(like)) or not isinstance(like, bool | str):
        return given
    expected = "true or false" if isinstance(like, bool) else "a text" if isinstance(like, str) else "texts"
    raise CrossgapError(f"Switch '{name}' must be {expected}; got {given!r}.")


def said(method: Method, switches: Any = None) -> str:
    """A method as its family with switches, as on the command line; or one of other switches."""
    words, switches = [method.family], switches or method.switches
    for item in _fields(type(switches)):
        value, name = getattr(switches, item.name), item.name.replace("_", "-")
        if value == item.default:
            continue
        if isinstance(value, bool):
            words += [f"--{name} DIR" if f"--{name}" in OPTIONS.values() else f"--{name}"]
        else:
            words += [f"--{name}", *(sorted(value) if isinstance(value, frozenset) else [value])]
    return " ".join(words)


def _fields(kind: type) -> tuple[Any, ...]:
    return () if kind is type(None) else fields(kind)
