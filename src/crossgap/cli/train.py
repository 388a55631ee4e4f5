"""`crossgap train`: for each method its own options, and no others."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from tyro.conf import FlagCreatePairsOff, arg

from crossgap.cli.settings import as_config, option_name, settings_type, told
from crossgap.cli.types import Device, Precision
from crossgap.errors import CrossgapError
from crossgap.methods.registry import EXTRA, METHODS, OPTIONS, SHORTHANDS, Method, families, resolve, said

ABOUT = """Train a method on your own two data sets: folders of images with a labels.csv.

Started again after a kill, it goes on where it was. The model is <output>/models/<method>. Sizes, steps and
rates begin with such as take some minutes on 2 cores."""
FOLDERS = {
    "pairs": "true pairs of the target images in the source domain, row by row, for the forward mapping.",
    "unlabelled": "further target images, beside the target's own. Needs no labels.csv: every file is then "
    "one image, but for the strips that `crossgap collect` made.",
    "randomized": "labelled source images in random looks; for RCAN and what builds on it every source "
    "image once more, row by row.",
}
"""Data sets that a method may need beside source and target, by option."""
TARGET_LABELS = "none leaves the target's labels unread; it then needs no labels.csv."


@dataclass(frozen=True)
class Given:
    """What every method is trained on."""

    source: Path
    """many labelled images of the source domain."""
    target: Path
    """the few images of the target domain."""
    output: Path
    """run folder."""
    seed: int = 0
    """of training."""
    labels: tuple[str, ...] | None = None
    """label columns to predict; all by default."""
    classes: int | None = None
    """how many classes there are, where the one label column holds a class from 0 on."""
    device: Device = "auto"
    """where to train."""
    precision: Precision = "auto"
    """of training."""


def names() -> dict[str, str]:
    """What can be trained, each in a line: families, whose switches choose a method, then methods."""
    found = {family: _about(members) for family, members in families().items() if len(members) > 1}
    for name, method in METHODS.items():
        if _can_be_given(method):
            found.setdefault(name, method.about.replace("**", ""))
    return found | {name: f"another name of {method}" for name, method in SHORTHANDS.items()}


def command(name: str) -> Callable[..., None]:
    """`crossgap train NAME` of a family or a method, with the options that it uses.

    Raises:
        CrossgapError: there is none of that name, or it needs data that nobody has.
    """
    members = families().get(name) or {(found := resolve(name)): METHODS[found]}
    needs = next(iter(members.values())).needs
    if needs and needs not in OPTIONS:
        raise CrossgapError(
            f"Method '{name}' needs {EXTRA[needs]}: `crossgap demo` and `reproduce` have them."
        )
    switches = list(_options(_kind(members))) if len(members) > 1 else []
    folders = list(_folders(members))
    Settings = settings_type(dict.fromkeys(part for method in members.values() for part in method.parts))
    common = list(_options(Given))
    settings = ("settings", Annotated[Settings, arg(name="")], Settings())
    Options = make_dataclass("Options", [*common, *switches, *folders, settings], frozen=True)

    def train(options: Any) -> None:
        from crossgap.commands.train import train_on_folders

        beside = {key: getattr(options, key) for key, *_ in folders}
        chosen = {key: getattr(options, key) for key, *_ in switches}
        if switches:  # those that are folders are said by giving one
            chosen |= {key: beside[key] is not None for key in beside.keys() & told(_kind(members)).keys()}
        if "target_labels" in beside:
            beside["target_labels"] = beside["target_labels"] == "all"
        method = resolve(name, **chosen)
        _check_used(method, options.settings, beside)
        given = {key: getattr(options, key) for key, *_ in common}
        train_on_folders(method, as_config(options.settings), **given, **beside)

    train.__annotations__ = {"options": Annotated[Options, arg(name="")], "return": None}
    train.__doc__ = f"{_about(members)}\n\n{ABOUT}"
    return train


def _about(members: Mapping[str, Method]) -> str:
    """A family, or a method, in a line."""
    one = next(iter(members.values()))
    return (inspect.getdoc(one.switches) or "") if len(members) > 1 else one.about.replace("**", "")


def _can_be_given(method: Method) -> bool:
    """Whether a user can have all that it needs."""
    return not method.needs or method.needs in OPTIONS


def _kind(members: Mapping[str, Method]) -> type:
    """What the switches of a family are."""
    return type(next(iter(members.values())).switches)


def _options(kind: type) -> Iterator[tuple[str, Any, Any]]:
    """A dataclass as options, but for those that are folders of `FOLDERS`."""
    texts, types = told(kind), get_type_hints(kind)
    for item in fields(kind):
        if item.name not in FOLDERS:
            option = Annotated[types[item.name], arg(help=texts[item.name])]
            option = FlagCreatePairsOff[option] if types[item.name] is bool else option
            yield item.name, option, field(default=item.default)


def _folders(members: Mapping[str, Method]) -> Iterator[tuple[str, Any, Any]]:
    """The options for data sets that one of these needs or may use, and whether target labels are read."""
    for key, text in FOLDERS.items():
        if any(OPTIONS.get(method.needs) == f"--{key}" for method in members.values()):
            yield key, Annotated[Path | None, arg(help=text)], None
    if any(method.source_side or not method.target_labels for method in members.values()):
        yield "target_labels", Annotated[Literal["all", "none"], arg(help=TARGET_LABELS)], "all"


def _check_used(method: str, settings: Any, beside: Mapping[str, Any]) -> None:
    """Whether a method of a family uses all that is said.

    Raises:
        CrossgapError: it does not.
    """
    about, unused = METHODS[method], []
    for part, value in vars(settings).items():
        if part not in about.parts and value != getattr(type(settings)(), part):
            unused.append(f"--{option_name(part)}")
    for key, folder in beside.items():
        if isinstance(folder, Path) and OPTIONS.get(about.needs) != f"--{key}":
            unused.append(f"--{key}")
    if unused:
        raise CrossgapError(f"'{method}' ({said(about)}) does not use {', '.join(unused)}.")
