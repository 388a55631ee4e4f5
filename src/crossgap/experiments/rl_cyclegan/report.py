"""The report of a run: one HTML file with its tables, plots, pictures and films."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.base.files import write_text
from crossgap.base.progress import say
from crossgap.base.records import as_json
from crossgap.core.fabric import make_fabric
from crossgap.core.runs import provenance, seeds_of
from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.experiment import Rows, check_settings
from crossgap.experiments.rl_cyclegan.figures import plot_all
from crossgap.experiments.rl_cyclegan.many_steps import MANY_SIZES, ManyTrial
from crossgap.experiments.rl_cyclegan.methods import GENERATORS, METHODS
from crossgap.experiments.rl_cyclegan.on_policy import STARTS, on_policy_rows
from crossgap.experiments.rl_cyclegan.pictures import (
    episode_film,
    episode_pictures,
    films,
    many_film,
    sheet,
)  # fmt: skip
from crossgap.experiments.rl_cyclegan.presets import GAPS, MANY, ONCE_SIZES, STUDIES
from crossgap.experiments.rl_cyclegan.tables import PARTS, TITLES
from crossgap.experiments.rl_cyclegan.trial import PBR, OnceTrial
from crossgap.experiments.rl_cyclegan.vanished import JUDGE, vanished_rows
from crossgap.report.build import templates
from crossgap.report.pictures import data_uri

PLOTS = {
    "ladder": "Success over the number of real grasps",
    "finetune": "Success over real grasps of the policy's own",
    "many_steps": "How QT-Opt learns in many steps",
}
"""Their captions."""


@dataclass(frozen=True)
class Film:
    """One in the page."""

    title: str
    """Of the method."""
    source: str
    """The MP4 as a data URI."""


def report_again(
    folder: Path, config: dict[str, Any], look: str | None, seed: int | None, picture: Path | None
) -> Path:
    """`write_report`, said; it has all gaps and seeds.

    Raises:
        CrossgapError: a look, a seed or a picture is asked for; nothing has been tested, or the preset has
            changed since.
    """
    if (look, seed, picture) != (None, None, None):
        raise CrossgapError(
            f"The report of a run of {config['experiment']} has all gaps and seeds, and no --picture."
        )
    check_settings(folder, config, as_json(asdict(ONCE_SIZES[config["preset"]])))
    path = write_report(folder, config["preset"], make_fabric())
    say(f"Report: {path}")
    return path


def write_report(
    folder: Path, preset: str, fabric: lightning_fabric.Fabric, results: Path | None = None
) -> Path:  # fmt: skip
    """Write `report.html` into a run folder, of all that has been tested; its path. Pictures and films are of
    seed 0.

    Args:
        folder: of the run.
        preset: its size.
        fabric: device and precision.
        results: a results file; the pictures of gaps are drawn beside it, too.

    Raises:
        CrossgapError: nothing has been tested.
    """
    once, many = tested(folder, preset, fabric)
    rows, origin, real = tested_rows(once, many), provenance(folder), ONCE_SIZES[preset].real
    if not rows:
        raise CrossgapError(f"{folder} has nothing tested yet: start it again to go on.")
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary) / "report.json"
        plots = [(PLOTS[study], _png(path)) for study, path in plot_all(rows, real, here).items()]
        # a trial anew for each, which goes with the gigabyte that it holds
        domains = [trial.domain for trial in once if trial.seed == 0 and trial.tested(METHODS)]
        sizes = ONCE_SIZES[preset]
        gaps = [_gap(OnceTrial(folder, sizes, gap, 0, fabric, True), results or here) for gap in domains]
    page = templates().get_template("rl_cyclegan.html.j2").render(
        title="Grasping from a bin, across the gap", provenance=origin, tables=_tables(rows, origin),
        plots=plots, gaps=gaps, many=_film("qt_opt", many_film(many[0])) if many else None,
    )  # fmt: skip
    write_text(folder / "report.html", page)
    return folder / "report.html"


def tested(
    folder: Path, preset: str, fabric: lightning_fabric.Fabric
) -> tuple[list[OnceTrial], list[ManyTrial]]:  # fmt: skip
    """The seeds of gaps in which some method has been tested, and those of QT-Opt in many steps."""
    seeds, once, many = seeds_of(folder), ONCE_SIZES[preset], MANY_SIZES[preset]
    gaps = [OnceTrial(folder, once, gap, seed, fabric, True) for gap in GAPS for seed in seeds]
    trained = [ManyTrial(folder, many, MANY, seed, fabric, True) for seed in seeds]
    some = [t for t in gaps if t.tested(METHODS) or t.tested(METHODS, (PBR,))]
    return some, [t for t in trained if t.evaluation.exists()]


def tested_rows(once: list[OnceTrial], many: list[ManyTrial]) -> Rows:
    """The rows of what has been tested, as the experiment's; nothing is tested now."""
    rows: Rows = []
    for trial in once:
        for tests in (None, (PBR,)):
            rows += trial.run({name: METHODS[name] for name in trial.tested(METHODS, tests)}, tests)
        judged = {name for name in (JUDGE, *GENERATORS) if trial.evaluation(f"vanished_{name}").exists()}
        if JUDGE in judged:
            rows += vanished_rows(trial, {name: GENERATORS[name] for name in judged - {JUDGE}})
        if all(trial.evaluation(f"on_policy_{name}").exists() for name in STARTS):
            rows += on_policy_rows(trial)
    return rows + [row for trial in many for row in trial.run()]


def _tables(rows: Rows, origin: dict[str, Any]) -> list[tuple[str, list[list[str]], str]]:
    """Of each study that has rows: its name, head and lines, and the text below."""
    gaps, shown = {row["domain"].partition("/")[0] for row in rows}, set[str]()
    found = []
    for name, make in PARTS.items():
        own = gaps & set(STUDIES[name][0] if name in STUDIES else {name})
        text = make({"rows": rows, "provenance": origin})
        if text and not (own and own <= shown):  # a gap may be of several studies
            found.append((name, *_parsed(text)))
        shown |= own
    return found


def _parsed(markdown: str) -> tuple[list[list[str]], str]:
    """A table's head and lines, and the text below."""
    head, _, *lines, _, text = markdown.replace("`", "").splitlines()
    return [line.strip("| ").split(" | ") for line in (head, *lines)], text


def _gap(trial: OnceTrial, beside: Path) -> dict[str, Any]:
    """What the page shows of a gap; its pictures are drawn beside a results file."""
    methods = trial.tested(METHODS)
    sheets = {"": sheet(trial, methods), "_episode": episode_pictures(trial, methods)}
    drawn = [
        contact_sheet(rows, beside.with_name(f"{beside.stem}_{trial.domain}{end}.png"))
        for end, rows in sheets.items()
        if rows
    ]
    return {
        "name": trial.domain, "sheets": [_png(path) for path in drawn],
        "episodes": _film("", episode_film(trial)) if sheets["_episode"] else None,
        "films": [_film(path.stem, path) for path in films(trial, methods)],
    }  # fmt: skip


def _film(method: str, path: Path) -> Film:
    return Film(TITLES.get(method, method), data_uri(path.read_bytes(), "video/mp4"))


def _png(path: Path) -> str:
    return data_uri(path.read_bytes(), "image/png")
