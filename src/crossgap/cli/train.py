"""`crossgap train` and `budget`: for each method its own options, and no others."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import FlagCreatePairsOff

from crossgap.cli.settings import Flat, as_config, in_boxes, options_of, out_of_boxes, settings_type
from crossgap.commands.options import Beside, BudgetOptions, Pictures, PictureSet, TrainOptions
from crossgap.errors import CrossgapError, check_known
from crossgap.methods.config import option_name
from crossgap.methods.registry import EXTRA, METHODS, OPTIONS, SHORTHANDS, Method, families, resolve, said

ABOUT = """Train a method on your own data sets: folders of images with a labels.csv; for models of images
alone, such as cyclegan, pix2pix and dcgan, folders of pictures."""
ABOUT_LABELLED = """Train it on your own two data sets: folders of images with a labels.csv.

Started again after a kill, it goes on where it was. The model is <output>/models/<method>. By default a
training takes some minutes on 2 cores."""
ABOUT_IMAGES = """Train it on folders of pictures; nothing needs labels.

Started again after a kill, it goes on where it was. What it does is drawn into <output>/samples/ all along;
the model is <output>/models/<method>."""
SETTINGS = settings_type(dict.fromkeys(part for method in METHODS.values() for part in method.parts))


def budget(options: Flat[in_boxes(BudgetOptions)], settings: Flat[SETTINGS]) -> None:  # type: ignore
    """How many real images must I take, and of what? Train on growing numbers of your own target images.

    Prints the error on episodes that are held out, and writes <output>/budget.json and budget.png. Started
    again, after a kill or with other counts or methods, it does only what is not done yet. Sizes, steps and
    rates are by default those of preset quick.
    """
    from crossgap.commands.budget import budget_on_folders

    given = out_of_boxes(BudgetOptions, options)
    budget_on_folders(given, as_config(settings, given.classes is not None))


def names() -> dict[str, str]:
    """What can be trained, each in a line: families, whose switches choose a method, then methods."""
    found = {family: _about(members) for family, members in families().items() if len(members) > 1}
    for name, method in METHODS.items():
        if not method.needs or method.needs in OPTIONS:  # a user can have all that it needs
            found.setdefault(name, method.about.replace("**", ""))
    return found | {name: f"another name of {method}" for name, method in SHORTHANDS.items()}


def command(name: str) -> Callable[..., None]:
    """`crossgap train NAME` of a family or a method, with the options that it uses.

    Raises:
        CrossgapError: there is none of that name, or it needs data that nobody has.
    """
    check_known("Method", () if name in METHODS else (name,), names())
    members = families().get(name) or {(found := resolve(name)): METHODS[found]}
    one, needs = next(iter(members.values())), {method.needs for method in members.values()}
    if one.needs and one.needs not in OPTIONS:
        raise CrossgapError(
            f"Method '{name}' needs {EXTRA[one.needs]}: `crossgap demo` and `reproduce` have them."
        )
    beside = {OPTIONS[key].removeprefix("--") for key in needs if key}
    if not one.source_labels:
        return _of_pictures(name, members)
    if any(method.source_side or not method.target_labels for method in members.values()):
        beside.add("target_labels")
    start = type(one.switches)() if len(members) > 1 else Alone()
    Switches = options_of(start, vars(start).keys() - vars(Beside()).keys())
    Sets = options_of(Beside(), beside)
    Settings = settings_type(dict.fromkeys(part for method in members.values() for part in method.parts))

    def train(
        given: Flat[in_boxes(TrainOptions)], switches: Annotated[Flat[Switches], FlagCreatePairsOff],  # type: ignore
        beside: Flat[Sets], settings: Flat[Settings],  # type: ignore
    ) -> None:  # fmt: skip
        from crossgap.commands.train import train_on_folders

        folders = vars(switches).keys() & vars(beside).keys()  # switches that are said by giving one
        chosen = vars(switches) | {key: getattr(beside, key) is not None for key in folders}
        method = resolve(name, **chosen)
        _check_used(method, settings, beside)
        data = out_of_boxes(TrainOptions, given)
        train_on_folders(method, as_config(settings, data.classes is not None), data, beside)

    train.__doc__ = f"{_about(members)}\n\n{ABOUT_LABELLED}"
    return train


def _of_pictures(name: str, members: Mapping[str, Method]) -> Callable[..., None]:
    """The command of a model of images alone."""
    one = next(iter(members.values()))
    Folders = PictureSet if one.domains == 1 else Pictures
    Switches = options_of(start := type(one.switches)() if len(members) > 1 else Alone(), vars(start))
    Settings = settings_type(dict.fromkeys(part for method in members.values() for part in method.parts))

    def train(
        given: Annotated[Flat[in_boxes(Folders)], FlagCreatePairsOff],  # type: ignore
        switches: Annotated[Flat[Switches], FlagCreatePairsOff], settings: Flat[Settings],  # type: ignore
    ) -> None:  # fmt: skip
        from crossgap.commands.train import train_on_pictures

        own = out_of_boxes(Folders, given)
        train_on_pictures(resolve(name, **vars(switches)), as_config(settings), own)

    train.__doc__ = f"{_about(members)}\n\n{ABOUT_IMAGES}"
    return train


@dataclass(frozen=True)
class Alone:
    """The switches of a method that is said by its name."""


def _about(members: Mapping[str, Method]) -> str:
    """A family, or a method, in a line."""
    one = next(iter(members.values()))
    return (inspect.getdoc(one.switches) or "") if len(members) > 1 else one.about.replace("**", "")


def _check_used(method: str, settings: Any, beside: Beside) -> None:
    """Whether a method of a family uses all that is said.

    Raises:
        CrossgapError: it does not.
    """
    about, default = METHODS[method], vars(type(settings)())
    unused = [
        f"--{option_name(part)}{'.*' * is_dataclass(value)}" for part, value in vars(settings).items()
        if part not in about.parts and value != default[part]
    ]  # fmt: skip
    given = [f"--{key}" for key, folder in vars(beside).items() if isinstance(folder, Path)]
    if unused := unused + [option for option in given if OPTIONS.get(about.needs) != option]:
        used = ", ".join(f"--{option_name(part)}" for part in about.parts)
        raise CrossgapError(
            f"'{method}' ({said(about)}) does not use {', '.join(unused)}. Its settings are {used}."
        )
