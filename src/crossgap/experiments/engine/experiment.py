"""What an experiment is: the form that every folder beside this one fills. Imports no torch."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crossgap.base.registry import Registry

if TYPE_CHECKING:
    import lightning_fabric

Rows = list[dict[str, Any]]
"""One flat row per figure."""


@dataclass(frozen=True)
class Entry:
    """What is said of an experiment before anything heavy is imported."""

    name: str
    """Of `crossgap reproduce`, of its folder in `results/`, and of its runs."""
    about: str
    """What it is, for `--help`."""
    presets: tuple[str, ...]
    """The sizes that it has."""
    options: type
    """A frozen dataclass: what of it can be chosen, all of which is None for the preset's own choice."""
    kind: str
    """`module:class` of the `Experiment`."""
    report: str = ""
    """`module:function` that writes the report of one of its runs: (folder, config, look, seed, picture) to
    its path; none where there is nothing to report on."""
    runs: tuple[str, ...] = ()
    """Other commands whose runs are reported on the same way."""
    verbs: Mapping[str, str] = field(default_factory=dict)
    """Verbs of the command that it brings: each one's `module:function`; the module imports no torch."""

    def load(self) -> type[Experiment]:
        """The experiment itself."""
        return named(self.kind)


EXPERIMENTS: Registry[Entry] = Registry("Experiment", "crossgap.experiments")
"""Every experiment by name; each folder enters its own."""


def named(place: str) -> Any:
    """What is called `module:name`."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


class Experiment(ABC):
    """An experiment of one size, and what is chosen of it; `engine.reproduce` runs it over seeds.

    Args:
        preset: one of the entry's.
        options: an instance of the entry's `options`.

    Raises:
        CrossgapError: something chosen does not exist.
    """

    over: ClassVar[str]
    """What its parts differ in, in words."""
    learns: ClassVar[bool] = False
    """Whether it is reinforcement learning, which has a precision of its own."""
    metric: ClassVar[str] = "success"
    """What its table shows."""
    settings: dict[str, Any]
    """All that a run's figures depend on, as JSON; what can be added to a run is not in it."""

    @abstractmethod
    def __init__(self, preset: str, options: Any) -> None: ...

    @property
    def depends(self) -> dict[str, Any]:
        """What a results file's rows depend on, and do not say themselves."""
        return self.settings

    def prepare(self) -> None:  # noqa: B027 (optional)
        """Have here, once, what several processes would else fetch at the same time."""

    @abstractmethod
    def parts(self, seeds: int) -> Sequence[tuple[Any, ...]]:
        """What can run at the same time: arguments of `run`, for that many seeds."""

    @abstractmethod
    def run(self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, *part: Any) -> Rows:
        """Do what is not done yet of a part in a run folder; its rows."""

    @abstractmethod
    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """Plots and pictures beside a results file, of all that it holds, and the run's report."""

    @staticmethod
    @abstractmethod
    def table(results: dict[str, Any]) -> str:
        """A results file's rows in Markdown."""


def unique(values: Sequence[Any]) -> tuple[Any, ...]:
    """Each value once, in the order of the first."""
    return tuple(dict.fromkeys(values))
