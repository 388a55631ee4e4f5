"""What a study is: the form that every module of `studies` fills."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from crossgap.base.registry import Registry
from crossgap.core.results import settings_digest
from crossgap.core.runs import same_setup
from crossgap.data.contact_sheet import contact_sheet
from crossgap.experiments.engine.experiment import Rows
from crossgap.experiments.engine.markdown import having, origin, rate_cell, seeds_in, table, value_cell
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.taskgan.presets import as_json


class Study(Trial):
    """One seed of a study. Arguments as of `Trial`: `preset` is its own size, `domain` its name.

    Its rows have its name as their domain, or begin with it: `condition/night`.
    """

    about: ClassVar[str]
    """What is asked, a sentence for its table."""
    sizes: ClassVar[Mapping[str, Any]]
    """Its size by preset, a frozen dataclass with defaults: `smoke` in seconds, `quick`, `full`."""
    titles: ClassVar[Mapping[str, str]]
    """What is compared, in the order of its table: the title of each method of its rows."""
    metrics: ClassVar[Mapping[str, tuple[str, str]]]
    """What its table shows: of each metric of its rows the title, and how a value is written: `{:.3f}`, or
    `%` of a rate."""

    @abstractmethod
    def measured(self) -> Rows:
        """Do what is not done yet; one flat row per figure, without the seed, made by `rows_of`."""

    def pictures(self) -> dict[str, np.ndarray]:
        """Rows of a picture by label, (n, H, W, 3) uint8, after `measured`; nothing where it has none."""
        return {}

    def draw(self, path: Path) -> None:
        """Its pictures as PNGs, after `measured`.

        Args:
            path: of its contact sheet; others have names that begin like this one.
        """
        if pictures := self.pictures():
            contact_sheet(pictures, path)

    def run(self) -> Rows:
        """`measured`, with what every row says.

        Raises:
            CrossgapError: its folder was begun with another size.
        """
        same_setup(self.folder, self.preset)
        about = {"seed": self.seed, "settings": sizes_digest(self.preset)}
        return [row | about for row in self.measured()]

    @classmethod
    def rows_in(cls, name: str, results: dict[str, Any]) -> Rows:
        """The rows of the study of that name in a results file, but for those of another size than it has
        now."""
        size = sizes_digest(cls.sizes[results["provenance"]["preset"]])
        return [row for row in having(results["rows"], settings=size) if study_of(row) == name]

    @classmethod
    def table(cls, name: str, results: dict[str, Any]) -> str:
        """Its `rows_in` in Markdown: means over the seeds, with their range."""
        rows = cls.rows_in(name, results)
        domains = dict.fromkeys(row["domain"] for row in rows)
        lines = [
            (_title(title, domain), [
                cell(having(rows, domain=domain, method=method, metric=metric), form)
                for metric, (_, form) in cls.metrics.items()
            ])
            for domain in domains
            for method, title in cls.titles.items()
            if having(rows, domain=domain, method=method)
        ]  # fmt: skip
        text = f"{cls.about} Means of {seeds_in(rows)} seeds (lowest – highest). {origin(results)}"
        return table("", [title for title, _ in cls.metrics.values()], lines, text)


STUDIES: Registry[type[Study]] = Registry("Study", "crossgap.experiments.imaging.studies", files=True)
"""Every study by name, which is its module's."""


def sizes_digest(size: Any) -> str:
    """By which a row knows the size of its study that it was measured with."""
    return settings_digest(as_json(size))


def cell(rows: Rows, form: str) -> str:
    """A cell of a metric that is written in that form, as `Study.metrics` says."""
    return rate_cell(rows) if form == "%" else value_cell(rows, form)


def study_of(row: dict[str, Any]) -> str:
    """The name of the study that a row is of."""
    return row["domain"].partition("/")[0]


def _title(title: str, domain: str) -> str:
    """What a line is of, behind what it is a part of the study."""
    _, _, part = domain.partition("/")
    return f"`{part}` {title}" if part else title
