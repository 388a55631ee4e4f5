"""The tables of the TaskGAN experiment, in Markdown."""

from typing import Any

import numpy as np

from crossgap.core.statistics import paired_difference
from crossgap.experiments.engine.experiment import Rows
from crossgap.experiments.engine.markdown import (
    code,
    fewer,
    having,
    origin,
    rate_cell,
    seeds_in,
    success_origin,
    table,
)
from crossgap.experiments.taskgan.figures import REGIMES, of_the_paper
from crossgap.experiments.taskgan.presets import ALL_METHODS
from crossgap.methods.registry import METHODS
from crossgap.report.plots import span


def success_table(results: dict[str, Any]) -> str:
    """Mean success per method and look, with the range of the seeds, in Markdown."""
    rows = having(results["rows"], metric="success")
    seeds = {domain: seeds_in(rows, domain=domain) for domain in _domains(rows)}
    count = "–".join(dict.fromkeys(map(str, (min(seeds.values()), max(seeds.values())))))
    titles = [f"`{domain}`" + ("" if count.isdigit() else f" ({n} seeds)") for domain, n in seeds.items()]

    def cell(found: Rows, domain: str) -> str:
        return rate_cell(found) + fewer(len(found), seeds[domain])

    lines = [
        (_title(method, norm), [cell(having(of_norm, method=method, domain=d), d) for d in seeds])
        for norm, of_norm in _by_norm(rows)
        for method in _methods(of_norm)
    ]
    return table("trained how", titles, lines, success_origin(results, count, rows[0]["n"]))


def _domains(rows: Rows) -> list[str]:
    return sorted({row["domain"] for row in rows})


def _methods(rows: Rows) -> list[str]:
    return sorted({row["method"] for row in rows}, key=ALL_METHODS.index)


def _by_norm(rows: Rows) -> list[tuple[str, Rows]]:
    """The rows of the paper's task model, then those of each norm in it."""
    norms = dict.fromkeys(row.get("task_norm", "") for row in rows)
    return [(norm, [row for row in rows if row.get("task_norm", "") == norm]) for norm in sorted(norms)]


def _title(method: str, norm: str) -> str:
    """What a row is of; with a norm in the task model, that it is not the paper's."""
    return METHODS[method].about + (f", {norm} norm in the task model" if norm else "")


REFINED = "taskgan_inverse_refined"


def difference_table(results: dict[str, Any]) -> str:
    """How much more often refined TaskGAN reaches than each other method, start by start, in Markdown; with
    the same norm in the task model."""
    rows = [row for row in having(results["rows"], metric="success") if "won" in row]
    domains = _domains(rows)
    compared = [(norm, found) for norm, found in _by_norm(rows) if having(found, method=REFINED)]
    lines = [
        (_title(method, norm), [_difference(having(of_norm, domain=d), method) for d in domains])
        for norm, of_norm in compared
        for method in _methods(of_norm)
        if method != REFINED
    ]
    both = " Both have the same task model." if any(norm for norm, _ in compared) else ""
    text = (
        "Points of success, mean over seeds, with a 95 % t-interval over seeds and starts, which are "
        f"the same for all.{both} {origin(results)}"
    )
    return table("refined TaskGAN minus", code(domains), lines, text)


def regime_table(results: dict[str, Any]) -> str:
    """Figure 9 of the TaskGAN paper as a table: success per regime and look with intervals, in Markdown."""
    rows = having(of_the_paper(results["rows"]), metric="success")
    domains = _domains(rows)
    lines = [
        (name, [_rate(having(rows, method=method, domain=domain)) for domain in domains])
        for method, (name, _) in REGIMES.items()
    ]
    text = (
        "Success, mean over seeds (from the lowest to the highest end of the seeds' 95 % Wilson intervals, "
        f"{rows[0]['n']} starts each, as in the plot). {origin(results)}"
    )
    return table("regime", code(domains), lines, text)


def _rate(rows: Rows) -> str:
    if not rows:
        return "–"
    mean, low, high = (100 * end for end in span(rows))
    return f"{mean:.0f} % ({low:.0f}–{high:.0f})"


def _difference(rows: Rows, method: str) -> str:
    won = {(row["method"], row["seed"]): np.array([*map(int, row["won"])]) for row in rows}
    seeds = [seed for name, seed in won if name == method and (REFINED, seed) in won]
    if not seeds:
        return "–"
    refined, other = (np.stack([won[name, seed] for seed in seeds]) for name in (REFINED, method))
    found = paired_difference(refined, other)
    value, low, high = (f"{round(100 * found[key]):+d}" for key in ("value", "low", "high"))
    return f"{value} ({low} – {high})" + fewer(len(seeds), len({row["seed"] for row in rows}))


GENERALISATION = {
    "held_out_mse": ("task error of f_X(F(y))", "{:.3f}"),
    "pair_l1": ("difference of F(y) from its true pair", "{:.3f}"),
    "tip_error": ("tip: px from where it should be, half the image if not found", "{:.1f}"),
    "cube_error": ("cube: px from where it should be, half the image if not found", "{:.1f}"),
}
"""Errors on unseen images: what they are and how written. On training images: they begin with `train_`."""


def generalisation_table(results: dict[str, Any]) -> str:
    """Errors of the inverse translator on the images that it was trained on, and on unseen ones."""
    rows = having(of_the_paper(results["rows"]), method="taskgan_inverse")
    domains = _domains(rows)

    def cell(metric: str, form: str, domain: str) -> str:
        both = f"train_{metric.removeprefix('held_out_')}", metric
        found = ([r["value"] for r in having(rows, domain=domain, metric=name)] for name in both)
        return " / ".join(form.format(np.mean(values)) if values else "–" for values in found)

    lines = [
        (about, [cell(metric, form, domain) for domain in domains])
        for metric, (about, form) in GENERALISATION.items()
    ]
    text = f"TaskGAN inverse, means of the seeds. {origin(results)}"
    return table("trained on / unseen", code(domains), lines, text)


ALIGNED = {"pair_l1": "{:.3f}", "cube_error": "cube {:.1f}", "tip_error": "tip {:.1f}"}
"""What is shown of every translator's drawings, and how it is written."""


def alignment_table(results: dict[str, Any]) -> str:
    """How well translated images that nothing was trained on fit their true pairs (the paper's figure 7)."""
    rows = [row for row in of_the_paper(results["rows"]) if row["metric"] in ALIGNED]
    seeds = {domain: seeds_in(rows, domain=domain) for domain in _domains(rows)}
    lines = [
        (METHODS[m].about, [_aligned(having(rows, method=m, domain=d), n) for d, n in seeds.items()])
        for m in _methods(having(rows, metric="pair_l1"))
        if not m.endswith(("_refined", "_near"))  # the same translator
    ]
    landmarks = "; how far cube and tip are from where they should be, pixels (not found: half the image)"
    text = (
        "Held-out images: mean absolute difference of F(y) (forward: G(x)) from its true pair, in [0, 1]"
        f"{landmarks if having(rows, metric='cube_error') else ''}. Means of "
        f"{max(seeds.values())} seeds where none is named. {origin(results)}"
    )
    return table("translator", code(seeds), lines, text)


def _aligned(rows: Rows, seeds: int) -> str:
    """A cell: landmarks only where every seed of the cell has them."""
    values = {name: [row["value"] for row in rows if row["metric"] == name] for name in ALIGNED}
    count = len(values["pair_l1"])
    shown = [ALIGNED[name].format(np.mean(some)) for name, some in values.items() if len(some) == count > 0]
    return "; ".join(shown) + fewer(count, seeds) if shown else "–"


TABLES = {
    "taskgan-quick": ("taskgan/quick.json", success_table),
    "taskgan-quick-differences": ("taskgan/quick.json", difference_table),
    "taskgan-full": ("taskgan/full.json", success_table),
    "taskgan-full-regimes": ("taskgan/full.json", regime_table),
    "taskgan-full-differences": ("taskgan/full.json", difference_table),
    "taskgan-full-generalisation": ("taskgan/full.json", generalisation_table),
    "taskgan-full-alignment": ("taskgan/full.json", alignment_table),
}
