"""What labels buy with and without a translator: the experiments with all target images, and with few of
their labels, in one table."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from crossgap.core.statistics import paired_difference
from crossgap.experiments.budget.presets import BUDGET_PRESETS
from crossgap.experiments.engine.experiment import Rows
from crossgap.experiments.engine.markdown import code, difference, fewer, having, rate_cell, seeds_in, table
from crossgap.experiments.taskgan.presets import PRESETS, current
from crossgap.methods.registry import METHODS

WITHOUT_A_GAN = {"baseline", "target_only", "co_trained", "optimal_transport", "constant"}
"""Families whose models no adversary has trained."""
FEW = {"images": 80, "spread": "images"}
"""The rows of few labels: single images of as many episodes as possible."""
FIELDS = "labels", "domain", "method"
"""What tells a cell's rows from others."""


def with_a_gan(method: str) -> bool:
    """Whether an adversary has trained a part of the method's model."""
    about = METHODS[method]
    return about.family not in WITHOUT_A_GAN and not getattr(about.switches, "task_loss_only", False)


def labelled_rows(whole: dict[str, Any], few: dict[str, Any]) -> Rows:
    """Success with all, `FEW` and none of the target's labels, all with the preset's norm in the task model.

    Args:
        whole: the results of `taskgan`.
        few: of `budget`.
    """
    preset = PRESETS[whole["provenance"]["preset"]]
    norm = preset.config.networks.task_norm
    rows = [row for row in current(whole, preset)["rows"] if row["method"] in METHODS]  # which learn
    base = BUDGET_PRESETS[few["provenance"]["preset"]].base
    chosen = having(current(few, base)["rows"], **FEW)
    said = preset.target_episodes * preset.steps
    found = [row | {"labels": said if METHODS[row["method"]].target_labels else 0} for row in rows]
    found += [row | {"labels": row["images"]} for row in chosen]
    return [
        row
        for row in having(found, metric="success", task_norm=norm)
        if row["domain"] != "target_pbr" and row["method"] != "oracle" and "won" in row
    ]


def headline_table(whole: dict[str, Any], few: dict[str, Any]) -> str:
    """Success by labels and method in every look, in Markdown."""
    rows = labelled_rows(whole, few)
    domains = sorted({row["domain"] for row in rows})
    lines = [
        (str(labels) if labels else "none", [METHODS[method].about, *cells])
        for labels in sorted({row["labels"] for row in rows})
        for method in sorted({row["method"] for row in having(rows, labels=labels)}, key=list(METHODS).index)
        for cells in [[_cell(having(rows, labels=labels, method=method, domain=d), rows) for d in domains]]
    ]
    text = f"{_text(rows)} Of `results/{FILES[0]}` and `results/{FILES[1]}`."
    return table("labels", ["trained how", *code(domains)], lines, text) if lines else ""


def best_table(whole: dict[str, Any], few: dict[str, Any]) -> str:
    """In every look and for every number of labels the best method without a GAN and the best with one, and
    by how much the latter is ahead, in Markdown."""
    rows = labelled_rows(whole, few)
    lines = []
    for labels in sorted({row["labels"] for row in rows}):
        for domain in sorted({row["domain"] for row in rows}):
            found = having(rows, labels=labels, domain=domain)
            without, with_one = (
                _best([row for row in found if with_a_gan(row["method"]) == gan]) for gan in (False, True)
            )
            if without and with_one:
                cells = [f"`{domain}`", _named(without), _named(with_one), _ahead(with_one, without)]
                lines.append((str(labels) if labels else "none", cells))
    text = (
        "The best by the mean of seeds; points of success by which the best with a GAN is ahead, with a 95 % "
        f"interval over seeds and starts, which are the same for both. {_text(rows)}"
    )
    titles = ["look", "best without a GAN", "best with one", "ahead by"]
    return table("labels", titles, lines, text) if lines else ""


def _text(rows: Rows) -> str:
    starts = rows[0]["n"] if rows else 0
    return (
        f"Success: the tip within 10 cm of the cube after 100 steps, of {starts} starts; mean of "
        f"{seeds_in(rows)} seeds (lowest – highest)."
    )


def _cell(found: Rows, rows: Rows) -> str:
    return rate_cell(found) + fewer(len(found), seeds_in(rows))


def _best(rows: Rows) -> Rows:
    """The rows of the method whose mean is highest."""
    by_method = [having(rows, method=name) for name in dict.fromkeys(row["method"] for row in rows)]
    return max(by_method, key=_mean, default=[])


def _mean(rows: Rows) -> float:
    return float(np.mean([row["value"] for row in rows]))


def _named(rows: Rows) -> str:
    return f"{100 * _mean(rows):.0f} %, {METHODS[rows[0]['method']].about.strip('*')}"


def _ahead(one: Rows, other: Rows) -> str:
    """By how much, of the seeds that both have."""
    seeds = sorted({row["seed"] for row in one} & {row["seed"] for row in other})
    if not seeds:
        return "–"
    won = [np.array([_starts(rows, seed) for seed in seeds]) for rows in (one, other)]
    found = paired_difference(*won)
    text = "{} ({} to {})".format(*difference(found))
    return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text


def _starts(rows: Iterable[dict[str, Any]], seed: int) -> list[int]:
    return next([*map(int, row["won"])] for row in rows if row["seed"] == seed)


FILES = "taskgan/quick.json", "budget/quick.json"
TABLES = {"headline": (FILES, headline_table), "headline-best": (FILES, best_table)}
