"""What an experiment is: the form that every folder beside this one fills. Imports no torch."""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from crossgap.base.records import Shape
from crossgap.base.registry import Registry
from crossgap.errors import CrossgapError

if TYPE_CHECKING:
    import lightning_fabric

Rows = list[dict[str, Any]]
"""One flat row per figure."""
Names: TypeAlias = tuple[str, ...] | None
Numbers: TypeAlias = tuple[int, ...] | None
"""What most options are: a choice, None for the preset's own."""


@dataclass(frozen=True)
class Where:
    """Where a reproduction is run, and on what."""

    output: Path | None = None
    """Run folder; by default the newest run of these settings, or a new one under outputs/."""
    results: Path = Path("results")
    """Where results are collected."""
    workers: int = 1
    """How many parts at the same time, such as seeds and looks, each on its share of the cores; on a CPU as
    many as there are cores is fastest, and takes 1.5 GB of memory each, up to 4 GB where an arm learns under
    random looks, and with physically based rendering 1 GB more for each core."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """Of training."""


@dataclass(frozen=True)
class Entry:
    """What is said of an experiment before anything heavy is imported."""

    about: str
    """What it is, for `--help`."""
    presets: tuple[str, ...]
    """The sizes that it has."""
    kind: str
    """`module:class` of the `Experiment`."""
    options: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    """What of it can be chosen: by name each one's type, with None among its values, and what it says."""
    report: str = ""
    """`module:function` that writes the report of one of its runs: (folder, config, look, seed, picture) to
    its path; none where there is nothing to report on."""
    runs: tuple[str, ...] = ()
    """Other commands whose runs are reported on the same way."""
    verbs: Mapping[str, str] = field(default_factory=dict)
    """Verbs of the command that it brings: each one's `module:function`; the module imports no torch."""

    def load(self) -> type[Experiment]:
        """The experiment itself."""
        return pkgutil.resolve_name(self.kind)


EXPERIMENTS: Registry[Entry] = Registry("Experiment", "crossgap.experiments")
"""Every experiment by name; each folder enters its own."""


class Experiment(ABC):
    """An experiment of one size, and what is chosen of it; `engine.reproduce` runs it over seeds.

    It is made with the name of a preset and its entry's options, and raises `CrossgapError` where something
    chosen does not exist.
    """

    over: ClassVar[str]
    """What its parts differ in, in words."""
    learns: ClassVar[bool] = False
    """Whether it is reinforcement learning, which has a precision of its own."""
    metric: ClassVar[str | None] = "success"
    """What its table shows; None where that differs from part to part."""
    row_keys: ClassVar[Mapping[str, Shape]] = {}
    """What rows may say beside what every row says (`engine.schema`), with its shape as in `records`."""
    preset: Any
    """Its size."""
    trial: Callable[..., Any]
    """What runs one seed in a domain, made like a `Trial`; its `run` takes what else a part says."""
    settings: dict[str, Any]
    """All that a run's figures depend on, as JSON; what can be added to a run is not in it."""
    depends: dict[str, Any] | None = None
    """What a results file's rows depend on, and do not say themselves; None for `settings`."""

    def prepare(self) -> None:  # noqa: B027 (optional)
        """Have here, once, what several processes would else fetch at the same time."""

    @abstractmethod
    def parts(self, seeds: int) -> Sequence[tuple[Any, ...]]:
        """What can run at the same time: arguments of `run`, for that many seeds; each one's seed is last."""

    def run(self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, *part: Any) -> Rows:
        """Do what is not done yet of a part in a run folder; its rows. A part that `trial` is for begins with
        the domain and ends with the seed."""
        domain, *more, seed = part
        return self.trial(folder, self.preset, domain, seed, fabric, quiet).run(*more)

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """Plots beside a results file, of all that it holds and of nothing else; none by default."""
        return []

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:  # noqa: B027 (optional)
        """Pictures beside a results file that need a run's models or episodes, and the run's report."""

    @staticmethod
    @abstractmethod
    def table(results: dict[str, Any]) -> str:
        """A results file's rows in Markdown."""


def check_settings(folder: Path, config: dict[str, Any], settings: dict[str, Any]) -> None:
    """Whether a run is of a preset's settings as they are.

    Raises:
        CrossgapError: the preset has changed since.
    """
    if config["settings"] != settings:
        raise CrossgapError(
            f"Preset '{config['preset']}' has changed since {folder} was run: start a new run."
        )


def rows_of(found: Mapping[str, Mapping[str, Any]], **about: Any) -> Rows:
    """A row per metric that was found: what it is of, the metric, and its figures."""
    return [{**about, "metric": metric, **row} for metric, row in found.items()]


def unique(values: Sequence[Any]) -> tuple[Any, ...]:
    """Each value once, in the order of the first."""
    return tuple(dict.fromkeys(values))
