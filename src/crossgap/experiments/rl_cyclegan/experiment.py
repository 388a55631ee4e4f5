"""The table of Robot 1 over gaps and seeds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np

from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import check_known, find
from crossgap.experiments.engine.experiment import Experiment, Names, Rows, unique
from crossgap.experiments.engine.markdown import code, having, origin, rate_cell, seeds_in, table
from crossgap.experiments.rl_cyclegan.many_steps import MANY_SIZES, ManyTrial
from crossgap.experiments.rl_cyclegan.methods import GENERATORS, METHODS, q_real
from crossgap.experiments.rl_cyclegan.on_policy import on_policy_rows
from crossgap.experiments.rl_cyclegan.presets import ONCE_SIZES, STUDIES
from crossgap.experiments.rl_cyclegan.q_maps import mapped
from crossgap.experiments.rl_cyclegan.trial import OnceTrial
from crossgap.experiments.rl_cyclegan.vanished import vanished_rows


def once_table(results: dict[str, Any]) -> str:
    """Success by method and gap, with the range of the seeds, in Markdown."""
    rows = [row for row in having(results["rows"], metric="success") if "grasped" not in row]
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    lines = [
        (title, [rate_cell(having(rows, method=method, domain=domain)) for domain in domains])
        for method, title in (TITLES | {"qt_opt": "QT-Opt"}).items()
        if having(rows, method=method)
    ]
    text = (
        f"Something held above the bin, mean of {seeds_in(rows)} seeds × {rows[0]['n']} grasps of unseen "
        f"things, each in a fresh bin (lowest – highest seed). {origin(results)}"
    )
    return table("method", code(domains), lines, text)


TITLES = {name: title for name, (title, _) in METHODS.items()}
COLUMNS = 8
"""Of pictures."""
MANY, FINETUNE = "many_steps", "finetune"
"""The studies of QT-Opt in many steps, and of fine-tuning on the policy's own grasps."""


class Grasping(Experiment):
    """Every gap × seed, all methods in each."""

    over = "gaps and seeds"
    trial = OnceTrial
    table = staticmethod(once_table)

    def __init__(self, preset: str, studies: Names = None, methods: Names = None):
        self.preset = find("Preset", preset, ONCE_SIZES)
        self.studies = unique(studies or ("robot1",))
        check_known("Study", self.studies, (*STUDIES, MANY, FINETUNE))
        self.cells: dict[str, tuple[str, ...]] = {}
        for gaps, compared in (STUDIES[study] for study in self.studies if study in STUDIES):
            for gap in gaps:
                asked = methods or compared or tuple(METHODS)
                self.cells[gap] = unique((*self.cells.get(gap, ()), *asked))
        check_known("Method", unique(sum(self.cells.values(), ())), METHODS)
        self.preset_name = preset
        self.settings = asdict(self.preset)

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Gaps and seeds."""
        domains = *self.cells, *(study for study in self.studies if study not in STUDIES)
        return [(domain, seed) for seed in range(seeds) for domain in domains]

    def run(self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, *part: Any) -> Rows:
        """The methods in a gap, QT-Opt in many steps, or fine-tuning in the gap `target`."""
        gap, seed = part
        if gap == MANY:
            return ManyTrial(folder, MANY_SIZES[self.preset_name], gap, seed, fabric, quiet).run()
        if gap == FINETUNE:
            trial = OnceTrial(folder, self.preset, "target", seed, fabric, quiet)
            return trial.run({"oracle": METHODS["oracle"][1]}) + on_policy_rows(trial)
        made = {name: METHODS[name][1] for name in METHODS if name in self.cells[gap]}
        trial = OnceTrial(folder, self.preset, gap, seed, fabric, quiet)
        return trial.run(made) + vanished_rows(trial, self._translating(gap))

    def _translating(self, gap: str) -> dict[str, Any]:
        """Of the methods in a gap, G of each that has one."""
        return {name: make for name, make in GENERATORS.items() if name in self.cells[gap]}

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<gap>.png`: simulated bins and what translators make of them, in seed 0; real ones."""
        for gap in self.cells:
            trial = OnceTrial(folder, self.preset, gap, 0, fabric, quiet=True)
            frames = np.stack([one.frames[0] for one in trial.source[:COLUMNS]])
            rows = {"simulated: x": frames}
            for name, make in self._translating(gap).items():
                rows[f"{METHODS[name][0].partition(':')[0]}: G(x)"] = trial.translated(make(trial), frames)
            real = trial.real[:COLUMNS]
            rows["real: y"] = np.stack([one.frames[0] for one in real])
            if trial.gap.setup == "robot_1" and {"source_only", "rl_cyclegan"} <= set(self.cells[gap]):
                for title, learner in (("simulation", trial.source_q), ("RL-CycleGAN", q_real(trial))):
                    rows[f"Q of {title} at each place of y: red is likely to succeed"] = mapped(learner, real)
            contact_sheet(rows, path.with_name(f"{path.stem}_{gap}.png"))


def on_policy_table(results: dict[str, Any]) -> str:
    """Success over the policy's own real grasps, in Markdown."""
    rows = [row for row in results["rows"] if "grasped" in row]
    counts = sorted({row["grasped"] for row in rows})
    lines = [
        (TITLES[method], [rate_cell(having(rows, method=method, grasped=count)) for count in counts])
        for method in dict.fromkeys(row["method"] for row in rows)
    ]
    text = f"Success after so many real grasps of its own, means of {seeds_in(rows)} seeds. {origin(results)}"
    return table("fine-tuned after", [f"{count:,}" for count in counts], lines, text)


def vanished_table(results: dict[str, Any]) -> str:
    """What translators lose and invent by method and gap, in Markdown."""
    rows = [row for row in results["rows"] if row["domain"].endswith("/things")]
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    titles = [
        f"{title}, `{domain.partition('/')[0]}`" for domain in domains for title in ("lost", "invented")
    ]
    lines = [
        (title, [
            rate_cell(having(rows, method=method, domain=domain, metric=metric), 1)
            for domain in domains
            for metric in ("lost", "invented")
        ])
        for method, title in ({"judge": "true pictures: what the judge errs"} | TITLES).items()
        if having(rows, method=method)
    ]  # fmt: skip
    text = (
        "Lost: things of x that a judge does not find in G(x). Invented: share of the bin's floor that it "
        f"takes for a thing. Means of {seeds_in(rows)} seeds (lowest – highest). {origin(results)}"
    )
    return table("method", titles, lines, text)


TABLES = {
    "rl-cyclegan-once-quick": ("rl_cyclegan/quick.json", once_table),
    "rl-cyclegan-on-policy-quick": ("rl_cyclegan/quick.json", on_policy_table),
    "rl-cyclegan-vanished-quick": ("rl_cyclegan/quick.json", vanished_table),
}
