"""The tables of the TaskGAN experiment, in Markdown."""

from collections.abc import Callable
from typing import Any

import numpy as np

from crossgap.core.statistics import paired_difference
from crossgap.experiments.engine.experiment import Rows
from crossgap.experiments.engine.markdown import (
    code,
    difference,
    fewer,
    having,
    origin,
    rate_cell,
    seeds_in,
    success_origin,
    table,
)
from crossgap.experiments.taskgan.figures import REGIMES, of_the_paper
from crossgap.experiments.taskgan.presets import ALL_METHODS, PRESETS, SIGHTLESS, current
from crossgap.methods.registry import METHODS
from crossgap.report.plots import span

Table = Callable[[dict[str, Any]], str]
"""Makes Markdown of a results file."""


def success_table(results: dict[str, Any]) -> str:
    """Mean success per method and look, with the range of the seeds, in Markdown."""
    rows = having(results["rows"], metric="success")
    seeds = {domain: seeds_in(rows, domain=domain) for domain in _domains(rows)}
    count = "–".join(dict.fromkeys(map(str, (min(seeds.values()), max(seeds.values())))))
    titles = [f"`{domain}`" + ("" if count.isdigit() else f" ({n} seeds)") for domain, n in seeds.items()]

    def cell(found: Rows, domain: str) -> str:
        return rate_cell(found) + fewer(len(found), seeds[domain])

    def of_norm(found: Rows) -> str:
        lines = [
            (_about(method), [cell(having(found, method=method, domain=d), d) for d in seeds])
            for method in _methods(found)
        ]
        return table("trained how", titles, lines)

    return "\n\n".join([*apart(rows, of_norm), success_origin(results, SUCCESS, count, rows[0]["n"])])


def _domains(rows: Rows) -> list[str]:
    return sorted({row["domain"] for row in rows})


def _methods(rows: Rows) -> list[str]:
    return sorted({row["method"] for row in rows}, key=(*SIGHTLESS, *ALL_METHODS).index)


def _about(method: str) -> str:
    return SIGHTLESS.get(method) or METHODS[method].about


SUCCESS = "tip within 10 cm of the cube after 100 steps"
"""What it is, in the words of every page."""
HEADLINE = ("source_only", "fine_tuned", "taskgan_inverse_refined", "oracle")
"""What a reader in a hurry compares."""


def headline_table(results: dict[str, Any]) -> str:
    """Mean success of the main methods per look, with the range of the seeds, in Markdown: of the first norm
    of `NORMS` that was measured."""
    _, measured = by_norm(having(results["rows"], metric="success"))[0]
    rows = [row for row in measured if row["method"] in HEADLINE]
    seeds = {domain: seeds_in(rows, domain=domain) for domain in _domains(rows)}
    lines = [
        (METHODS[method].about, [
            rate_cell(cell := having(rows, method=method, domain=domain)) + fewer(len(cell), count)
            for domain, count in seeds.items()
        ])
        for method in _methods(rows)
    ]  # fmt: skip
    text = (
        f"Success, mean of {max(seeds.values())} seeds × {rows[0]['n']} starts (lowest – highest seed), "
        f"preset `{results['provenance']['preset']}`."
    )
    return table("trained how", code(seeds), lines, text)


NORMS = {
    "instance": "instance norm in every task model",
    "group": "group norm in every task model",
    "": "the paper's task model, without a norm",
}
"""The norms in the task model in words, in the order of tables."""


def by_norm(rows: Rows) -> list[tuple[str, Rows]]:
    """The rows of each norm in the task model; last those of the paper's, which has none."""
    found = {norm: [row for row in rows if row.get("task_norm", "") == norm] for norm in NORMS}
    return [(norm, of_norm) for norm, of_norm in found.items() if of_norm]


def apart(rows: Rows, make: Callable[[Rows], str]) -> list[str]:
    """A table for each norm in the task model, each below its name where there are several."""
    found = by_norm(rows)
    named = [f"**{NORMS[norm].capitalize()}**\n\n" if len(found) > 1 else "" for norm, _ in found]
    return [name + make(of_norm) for name, (_, of_norm) in zip(named, found, strict=True)]


REFINED = "taskgan_inverse_refined"


def difference_table(results: dict[str, Any]) -> str:
    """How much more often refined TaskGAN reaches than each other method, start by start, in Markdown; with
    the same norm in the task model."""
    rows = [row for row in having(results["rows"], metric="success") if "won" in row]
    domains = _domains(rows)

    def of_norm(found: Rows) -> str:
        lines = [
            (_about(method), [_difference(having(found, domain=d), method) for d in domains])
            for method in _methods(found)
            if method != REFINED
        ]
        return table("refined TaskGAN minus", code(domains), lines)

    compared = [row for _, found in by_norm(rows) if having(found, method=REFINED) for row in found]
    text = (
        f"Points of success ({SUCCESS}), mean over seeds, with a 95 % t-interval over seeds and starts, "
        f"which are the same for all. {origin(results)}"
    )
    return "\n\n".join([*apart(compared, of_norm), text])


def regime_table(results: dict[str, Any]) -> str:
    """Figure 9 of the TaskGAN paper as a table: success per regime and look with intervals, in Markdown."""
    rows = having(of_the_paper(results["rows"]), metric="success")
    domains = _domains(rows)
    lines = [
        (name, [_rate(having(rows, method=method, domain=domain)) for domain in domains])
        for method, (name, _) in REGIMES.items()
    ]
    text = (
        f"Success ({SUCCESS}), mean over seeds (from the lowest to the highest end of the seeds' 95 % "
        f"Wilson intervals, {rows[0]['n']} starts each, as in the plot). {origin(results)}"
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
    value, low, high = difference(paired_difference(refined, other))
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


NOT_MEASURED = "With the preset's settings as they are now nothing has been measured yet."


def _of_current(make: Table) -> Table:
    """A table of the rows alone that were measured with the preset as it is now."""

    def made(results: dict[str, Any]) -> str:
        found = current(results, PRESETS[results["provenance"]["preset"]])
        return make(found) if found["rows"] else NOT_MEASURED

    return made


def current_success(results: dict[str, Any]) -> str:
    """`success_table` of the rows alone that were measured with the preset as it is now."""
    return _of_current(success_table)(results)


PARTS = {
    "": success_table,
    "-headline": headline_table,
    "-regimes": regime_table,
    "-differences": difference_table,
    "-generalisation": generalisation_table,
    "-alignment": alignment_table,
}


def seeds_success(results: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """What trainings that differ in their seed alone came to: success of refined TaskGAN and of fine-tuning
    by look and method, with the norm of the preset."""
    preset = PRESETS[results["provenance"]["preset"]]
    norm = preset.config.networks.task_norm
    rows = having(current(results, preset)["rows"], metric="success", task_norm=norm)
    each = {
        domain: {
            method: [row["value"] for row in having(rows, domain=domain, method=method)]
            for method in (REFINED, "fine_tuned")
        }
        for domain in _domains(rows)
    }
    return {domain: found for domain, found in each.items() if min(map(len, found.values())) > 1}


KEPT = {"seeds.json": ("taskgan/quick.json", seeds_success)}
TABLES = {
    f"taskgan-{size}{part}": (f"taskgan/{size}.json", _of_current(make))
    for size in ("quick", "full")
    for part, make in PARTS.items()
}
