"""What commands say at their end: their table, and where the rest is."""

import itertools
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from crossgap.base.files import read_json
from crossgap.base.progress import console, say
from crossgap.experiments.engine.experiment import EXPERIMENTS
from crossgap.report import ReportContent, judge
from crossgap.report.palette import show
from crossgap.report.tables import success_rates

LONG = 14
"""Letters of a title that a narrow column has room for; a longer one may be broken between its words."""


def say_markdown(text: str) -> None:
    """Paragraphs and tables of a document in a terminal; no word or figure of a table is cut."""
    plain = text.replace("**", "").replace("`", "")
    for is_table, lines in itertools.groupby(plain.splitlines(), lambda line: line.startswith("|")):
        if not is_table:
            say("\n".join(lines))
            continue
        head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
        titles = (title.replace("_", " ") if len(title) > LONG else title for title in head)
        table = Table(*(Column(title, overflow="fold") for title in titles))
        for row in rows:
            table.add_row(*row)
        console.print(table)


def say_success(content: ReportContent) -> None:
    """The table of a report's methods in a terminal, and its verdict."""
    table = Table("method", "success", "95 % interval", title=f"{content.starts} starts in {content.domain}")
    shown = show(content.played, *content.image_counts())
    for row in success_rates(content):
        interval = f"{row['low']:.0f} – {row['high']:.0f} %"
        table.add_row(shown[row["method"]].name, f"{row['value']:.0f} %", interval)
    console.print(table)
    verdict = judge(content)
    say(f"{verdict.headline}. {verdict.sentence}")


def say_results(experiment: str, path: Path) -> None:
    """The table of a results file in a terminal, and where it and its pictures are."""
    results: dict[str, Any] = read_json(path, "results", {"rows": [dict]})
    shown = EXPERIMENTS.find(experiment).load()
    if any(shown.metric in (None, row["metric"]) for row in results["rows"]):
        say_markdown(shown.table(results))
    say(f"Results: {path}")
    if pictures := sorted(picture.name for picture in path.parent.glob(f"{path.stem}*.png")):
        say(f"Pictures beside it: {', '.join(pictures)}")
