"""The tables of README and docs, from `results/`: `python -m crossgap.experiments.engine.tables`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import alone, read_json, write_text
from crossgap.core.statistics import paired_difference
from crossgap.errors import CrossgapError
from crossgap.experiments.benchmarks.tables import blind_sentence, minutes_table, step_table
from crossgap.experiments.budget.tables import grid
from crossgap.experiments.digits.presets import ALL_DIGITS_METHODS
from crossgap.experiments.mico.figures import NAMES as MICO_NAMES
from crossgap.experiments.mico.trial import BENCHMARK, EVERY_METHOD
from crossgap.experiments.pick_place.setups import METHODS as PICK_PLACE
from crossgap.experiments.taskgan.figures import REGIMES, of_the_paper
from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS
from crossgap.methods.config import ALL_METHODS
from crossgap.methods.registry import METHODS

BEGIN, END = "<!-- begin: {name} -->", "<!-- end: {name} -->"


def success_table(results: dict[str, Any]) -> str:
    """Mean success per method and look, with the range of the seeds, in Markdown."""
    rows = [row for row in results["rows"] if row["metric"] == "success"]
    domains = sorted({row["domain"] for row in rows})
    seeds = {domain: _seeds(rows, domain) for domain in domains}
    count = "–".join(dict.fromkeys(map(str, (min(seeds.values()), max(seeds.values())))))
    titles = [f"`{domain}`" + ("" if count.isdigit() else f" ({seeds[domain]} seeds)") for domain in domains]
    lines = _head("trained how", titles)
    for norm, of_norm in _by_norm(rows):
        for method in sorted({row["method"] for row in of_norm}, key=ALL_METHODS.index):
            cells = []
            for domain in domains:
                found = [row for row in of_norm if (row["method"], row["domain"]) == (method, domain)]
                cells.append(_cell(found) + _fewer(len(found), seeds[domain]))
            lines.append(f"| {_title(method, norm)} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _origin(results, count, rows[0]["n"])])


def _by_norm(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows of the paper's task model, then those of each norm in it."""
    norms = dict.fromkeys(row.get("task_norm", "") for row in rows)
    return [(norm, [row for row in rows if row.get("task_norm", "") == norm]) for norm in sorted(norms)]


def _title(method: str, norm: str) -> str:
    """What a row is of; with a norm in the task model, that it is not the paper's."""
    return METHODS[method].about + (f", {norm} norm in the task model" if norm else "")


def _head(first: str, titles: Sequence[str]) -> list[str]:
    """The first two lines of a table whose columns are right of `first`."""
    return ["| " + " | ".join([first, *titles]) + " |", "|---" * (len(titles) + 1) + "|"]


REFINED = "taskgan_inverse_refined"


def difference_table(results: dict[str, Any]) -> str:
    """How much more often refined TaskGAN reaches than each other method, start by start, in Markdown; with
    the same norm in the task model."""
    rows = [row for row in results["rows"] if row["metric"] == "success" and "won" in row]
    domains = sorted({row["domain"] for row in rows})
    lines = _head("refined TaskGAN minus", [f"`{domain}`" for domain in domains])
    compared = [(norm, found) for norm, found in _by_norm(rows) if any(r["method"] == REFINED for r in found)]
    for norm, of_norm in compared:
        for method in sorted({row["method"] for row in of_norm} - {REFINED}, key=ALL_METHODS.index):
            cells = [_difference([row for row in of_norm if row["domain"] == d], method) for d in domains]
            lines.append(f"| {_title(method, norm)} | " + " | ".join(cells) + " |")
    both = " Both have the same task model." if any(norm for norm, _ in compared) else ""
    text = (
        "Points of success, mean over seeds, with a 95 % t-interval over seeds and starts, which are "
        f"the same for all.{both} {_run(results)}"
    )
    return "\n".join([*lines, "", text])


def regime_table(results: dict[str, Any]) -> str:
    """Figure 9 of the TaskGAN paper as a table: success per regime and look with intervals, in Markdown."""
    rows = [row for row in of_the_paper(results["rows"]) if row["metric"] == "success"]
    domains = sorted({row["domain"] for row in rows})
    lines = _head("regime", [f"`{domain}`" for domain in domains])
    for method, (name, _) in REGIMES.items():
        found = [[r for r in rows if (r["method"], r["domain"]) == (method, domain)] for domain in domains]
        lines.append(f"| {name} | " + " | ".join(map(_rate, found)) + " |")
    text = (
        "Success, mean over seeds (from the lowest to the highest end of the seeds' 95 % Wilson intervals, "
        f"{rows[0]['n']} starts each, as in the plot). {_run(results)}"
    )
    return "\n".join([*lines, "", text])


def _rate(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "–"
    low, high = min(row["low"] for row in rows), max(row["high"] for row in rows)
    return f"{100 * np.mean([row['value'] for row in rows]):.0f} % ({100 * low:.0f}–{100 * high:.0f})"


def _difference(rows: list[dict[str, Any]], method: str) -> str:
    won = {(row["method"], row["seed"]): np.array([*map(int, row["won"])]) for row in rows}
    seeds = [seed for name, seed in won if name == method and (REFINED, seed) in won]
    if not seeds:
        return "–"
    refined, other = (np.stack([won[name, seed] for seed in seeds]) for name in (REFINED, method))
    found = paired_difference(refined, other)
    value, low, high = (f"{round(100 * found[key]):+d}" for key in ("value", "low", "high"))
    return f"{value} ({low} – {high})" + _fewer(len(seeds), len({row["seed"] for row in rows}))


GENERALISATION = {
    "held_out_mse": ("task error of f_X(F(y))", "{:.3f}"),
    "pair_l1": ("difference of F(y) from its true pair", "{:.3f}"),
    "tip_error": ("tip: px from where it should be, half the image if not found", "{:.1f}"),
    "cube_error": ("cube: px from where it should be, half the image if not found", "{:.1f}"),
}
"""Errors on unseen images: what they are and how written. On training images: they begin with `train_`."""


def generalisation_table(results: dict[str, Any]) -> str:
    """Errors of the inverse translator on the images that it was trained on, and on unseen ones."""
    rows = [row for row in of_the_paper(results["rows"]) if row["method"] == "taskgan_inverse"]
    domains = sorted({row["domain"] for row in rows})
    lines = _head("trained on / unseen", [f"`{domain}`" for domain in domains])
    for metric, (about, form) in GENERALISATION.items():
        cells = []
        for domain in domains:
            found = [
                [r["value"] for r in rows if (r["domain"], r["metric"]) == (domain, name)]
                for name in (f"train_{metric.removeprefix('held_out_')}", metric)
            ]
            cells.append(" / ".join(form.format(np.mean(values)) if values else "–" for values in found))
        lines.append(f"| {about} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"TaskGAN inverse, means of the seeds. {_run(results)}"])


ALIGNED = {"pair_l1": "{:.3f}", "cube_error": "cube {:.1f}", "tip_error": "tip {:.1f}"}
"""What is shown of every translator's drawings, and how it is written."""


def alignment_table(results: dict[str, Any]) -> str:
    """How well translated images that nothing was trained on fit their true pairs (the paper's figure 7)."""
    rows = [row for row in of_the_paper(results["rows"]) if row["metric"] in ALIGNED]
    translators = sorted({row["method"] for row in rows if row["metric"] == "pair_l1"}, key=ALL_METHODS.index)
    shown = [name for name in translators if not name.endswith(("_refined", "_near"))]  # the same translator
    domains = sorted({row["domain"] for row in rows})
    lines = _head("translator", [f"`{domain}`" for domain in domains])
    for method in shown:
        cells = [
            _aligned([r for r in rows if (r["method"], r["domain"]) == (method, d)], _seeds(rows, d))
            for d in domains
        ]
        lines.append(f"| {METHODS[method].about} | " + " | ".join(cells) + " |")
    landmarks = "; how far cube and tip are from where they should be, pixels (not found: half the image)"
    text = (
        "Held-out images: mean absolute difference of F(y) (forward: G(x)) from its true pair, in [0, 1]"
        f"{landmarks if any(row['metric'] == 'cube_error' for row in rows) else ''}. Means of "
        f"{max(_seeds(rows, domain) for domain in domains)} seeds where none is named. {_run(results)}"
    )
    return "\n".join([*lines, "", text])


def _aligned(rows: list[dict[str, Any]], seeds: int) -> str:
    """A cell: landmarks only where every seed of the cell has them."""
    values = {name: [row["value"] for row in rows if row["metric"] == name] for name in ALIGNED}
    count = len(values["pair_l1"])
    shown = [ALIGNED[name].format(np.mean(some)) for name, some in values.items() if len(some) == count > 0]
    return "; ".join(shown) + _fewer(count, seeds) if shown else "–"


def _seeds(rows: list[dict[str, Any]], domain: str) -> int:
    return len({row["seed"] for row in rows if row["domain"] == domain})


def _fewer(found: int, seeds: int) -> str:
    """What a cell says that has fewer seeds than its column."""
    return f", {found} seed{'s' if found > 1 else ''}" if 0 < found < seeds else ""


def budget_table(results: dict[str, Any]) -> str:
    """Mean success per number and kind of labelled target images, a table per look, in Markdown."""
    rows = [row for row in results["rows"] if row["metric"] == "success"]
    lines = []
    for domain in sorted({row["domain"] for row in rows}):
        titles, body = grid([row for row in rows if row["domain"] == domain], _cell)
        titles = [*titles[:3], *(f"`{method}`" for method in titles[3:])]
        table = [titles, ["---"] * len(titles), *body]
        lines += [f"In `{domain}`:", "", *("| " + " | ".join(line) + " |" for line in table), ""]
    seeds = len({row["seed"] for row in rows})
    return "\n".join([*lines, _origin(results, str(seeds), rows[0]["n"])])


WEIGHED = {
    "held_out_mse": "task error of f_X(F(y))", "histogram_distance": "distance of F(Y)'s colours",
    "pair_l1": "distance from the true pair", "success": "success",
}  # fmt: skip
"""What is shown of every λ_φ: metrics and their titles."""


def weight_table(results: dict[str, Any]) -> str:
    """What λ_φ does to task, style and alignment in Markdown, a line for each weight, and where it comes
    from."""
    rows = results["rows"]
    domains = sorted({row["domain"] for row in rows})
    lines = ["| look | λ_φ | " + " | ".join(WEIGHED.values()) + " |", "|---" * (len(WEIGHED) + 2) + "|"]
    for domain in domains:
        for weight in sorted({row["task_weight"] for row in rows}):
            at = [row for row in rows if (row["domain"], row["task_weight"]) == (domain, weight)]
            found = {metric: [row for row in at if row["metric"] == metric] for metric in WEIGHED}
            cells = [_cell(some) if name == "success" else _error(some) for name, some in found.items()]
            lines.append(f"| `{domain}` | {weight:g} | " + " | ".join(cells) + " |")
    seeds = len({row["seed"] for row in rows})
    about = "error in the source's label scale (1 = knows nothing), colours by total variation in [0, 1]"
    return "\n".join([*lines, "", f"Mean of {seeds} seeds (lowest – highest); {about}. {_run(results)}"])


def _origin(results: dict[str, Any], seeds: str, starts: int) -> str:
    """What the cells of a table of success are, and where they come from."""
    return (
        f"Success in closed loop, mean of {seeds} seeds × {starts} starts (lowest – highest seed); "
        f"every seed's Wilson interval is in the file. {_run(results)}"
    )


def _run(results: dict[str, Any]) -> str:
    origin = results["provenance"]
    runs = (*origin.get("earlier", []), origin)
    commits = dict.fromkeys(commit for run in runs for commit in run["commit"].split(", then "))
    every = [command for run in runs for command in run["command"].split(", then ")]
    given = [re.sub(r" --workers \d+", "", command) for command in every]  # a matter of time
    whole = dict.fromkeys(re.sub(_PART, "", command) for command in given)
    parts = dict.fromkeys(name for command in given for name, _ in re.findall(_PART, command))
    by = f", in parts by `{'`, `'.join(parts)}` (the file has each)" if parts else ""
    return f"Preset `{origin['preset']}`, `{'`, `'.join(whole)}`{by}, commit {', '.join(commits)}."


_PART = r" (--methods|--looks|--counts)((?: (?!-)\S+)+)"
"""Options that say which part of an experiment is run."""


def accuracy_table(results: dict[str, Any]) -> str:
    """Mean test accuracy per method and target domain of the digits, with the range of the seeds."""
    rows = [row for row in results["rows"] if row["metric"] == "accuracy"]
    tested = {row["domain"]: row["n"] for row in rows}
    lines = _head("trained how", [f"`{domain}`, {n:,} images" for domain, n in tested.items()])
    run = {row["method"] for row in rows}
    for method in (name for name in ALL_DIGITS_METHODS if name in run):  # in whatever order they were run
        cells = [_cell([r for r in rows if (r["method"], r["domain"]) == (method, d)], 1) for d in tested]
        lines.append(f"| {METHODS[method].about} | " + " | ".join(cells) + " |")
    seeds = len({row["seed"] for row in rows})
    lines += [
        "",
        f"Test accuracy, mean of {seeds} seeds (lowest – highest); every seed's Wilson interval is in the "
        f"file. {_run(results)}",
    ]
    return "\n".join(lines)


def error_table(results: dict[str, Any]) -> str:
    """Figure 12 of the TaskGAN paper: the Mico's error per method and number of target images."""
    rows = [row for row in results["rows"] if row["metric"] == "angle_l2"]
    numbers = sorted({row["images"] for row in rows} - {0})
    lines = _head("trained how", [f"{n:,}" for n in numbers])
    order = (*BENCHMARK, *EVERY_METHOD)  # whichever run came first
    for method in sorted({row["method"] for row in rows}, key=order.index):
        found = [row for row in rows if row["method"] == method]
        cells = [_error([row for row in found if row["images"] == n]) for n in numbers]
        if not any(row["images"] for row in found):
            cells = [_error(found), *[""] * (len(numbers) - 1)]
        lines.append(f"| {MICO_NAMES.get(method) or METHODS[method].about} | " + " | ".join(cells) + " |")
    seeds, n = len({row["seed"] for row in rows}), rows[0]["n"]
    lines += ["", f"rad², mean of {seeds} seeds × {n:,} test images (lowest – highest seed). {_run(results)}"]
    return "\n".join(lines)


def _error(rows: list[dict[str, Any]]) -> str:
    values = [row["value"] for row in rows]
    return f"{np.mean(values):.3f} ({min(values):.3f}–{max(values):.3f})" if rows else "–"


def reach_table(results: dict[str, Any]) -> str:
    """Mean success per configuration and domain of the xArm7, with the range of the seeds, in Markdown."""
    rows = [row for row in results["rows"] if row["metric"] == "success"]
    domains = [name for name in DOMAINS if any(row["domain"] == name for row in rows)]
    learnt = [row for row in results["rows"] if row["metric"] == "steps_to_learn"]
    lines = _head("configuration", [*(f"`{domain}`" for domain in domains), "steps to 80 %"])
    for method in sorted({row["method"] for row in rows}, key=_configuration):
        found = [row for row in rows if row["method"] == method]
        cells = [_cell([row for row in found if row["domain"] == domain]) for domain in domains]
        steps = [row["value"] for row in learnt if row["method"] == method]
        seeds = {row["seed"] for row in found}
        all_learnt = bool(steps) and len(steps) == len(seeds)
        cells.append(f"{np.mean(steps):,.0f} ({min(steps):,}–{max(steps):,})" if all_learnt else "–")
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    seeds, goals = len({row["seed"] for row in rows}), rows[0]["n"]
    text = (
        f"Success at 5 cm, mean of {seeds} seeds × {goals} test goals (lowest – highest seed). The last "
        "column: environment steps until 80 % of the validation goals are reached, – where a seed never did, "
        f"or nothing was learnt anew. {_run(results)}"
    )
    return "\n".join([*lines, "", text])


def pick_place_table(results: dict[str, Any]) -> str:
    """Mean success per method and look of Pick & Place, with the range of the seeds, in Markdown."""
    rows = [row for row in results["rows"] if row["metric"] == "success"]
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    lines = _head("method", [f"`{domain}`" for domain in domains])
    for method in [name for name in PICK_PLACE if any(row["method"] == name for row in rows)]:
        cells = [_cell([r for r in rows if (r["method"], r["domain"]) == (method, d)]) for d in domains]
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    seeds, goals = len({row["seed"] for row in rows}), rows[0]["n"]
    text = (
        f"Cube within 5 cm of the goal, mean of {seeds} seeds × {goals} test goals (lowest – highest seed). "
        f"{_run(results)}"
    )
    return "\n".join([*lines, "", text])


def _configuration(method: str) -> tuple[int, str]:
    """Order of the configurations, what was made of one right after it."""
    base = method.removesuffix("_goggles").removesuffix("_fine_tuned")
    return list(SETUPS).index(base), method


def _cell(rows: list[dict[str, Any]], digits: int = 0) -> str:
    if not rows:
        return "–"
    rates = [100 * row["value"] for row in rows]
    mean, low, high = (f"{rate:.{digits}f}" for rate in (np.mean(rates), min(rates), max(rates)))
    return f"{mean} % ({low}–{high})"


def insert(document: str, name: str, text: str) -> str:
    """A document with the part between the markers of `name` replaced.

    Raises:
        CrossgapError: the document lacks the markers.
    """
    begin, end = BEGIN.format(name=name), END.format(name=name)
    before, found, rest = document.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise CrossgapError(f"Expected the markers {begin} and {end} in the document.")
    return f"{before}{begin}\n{text}\n{end}{after}"


TABLES = {
    "taskgan-quick": (Path("results/taskgan/quick.json"), success_table),
    "taskgan-quick-differences": (Path("results/taskgan/quick.json"), difference_table),
    "blind": (Path("results/benchmarks/blind.json"), blind_sentence),
    "taskgan-full": (Path("results/taskgan/full.json"), success_table),
    "taskgan-full-regimes": (Path("results/taskgan/full.json"), regime_table),
    "taskgan-full-differences": (Path("results/taskgan/full.json"), difference_table),
    "taskgan-full-generalisation": (Path("results/taskgan/full.json"), generalisation_table),
    "taskgan-full-alignment": (Path("results/taskgan/full.json"), alignment_table),
    "quick-minutes": (Path("results/benchmarks/quick_presets.json"), minutes_table),
    "train-step": (Path("results/benchmarks/train_step_cpu.json"), step_table),
    "budget-quick": (Path("results/budget/quick.json"), budget_table),
    "budget-full": (Path("results/budget/full.json"), budget_table),
    "digits-quick": (Path("results/digits/quick.json"), accuracy_table),
    "digits-full": (Path("results/digits/full.json"), accuracy_table),
    "mico-quick": (Path("results/mico/quick.json"), error_table),
    "mico-full": (Path("results/mico/full.json"), error_table),
    "pick-place-quick": (Path("results/pick_place/quick.json"), pick_place_table),
    "task-weight-quick": (Path("results/task_weight/quick.json"), weight_table),
    "xarm7-quick": (Path("results/xarm7/quick.json"), reach_table),
    "xarm7-full": (Path("results/xarm7/full.json"), reach_table),
}
"""By the name of its markers: where a table's figures are, and what makes the table."""


def update(document: Path, root: Path) -> None:
    """Write every generated table of a document anew whose results file is there.

    Args:
        document: a Markdown file with markers.
        root: the folder that `results/` is in.
    """
    with alone(document):
        text = document.read_text(encoding="utf-8")
        for name, (path, table) in TABLES.items():
            if BEGIN.format(name=name) in text and (root / path).exists():
                text = insert(text, name, table(read_json(root / path, "results", {"rows": [dict]})))
        write_text(document, text)


if __name__ == "__main__":
    for markdown in (Path("README.md"), *sorted(Path("docs").rglob("*.md"))):
        update(markdown, Path())
