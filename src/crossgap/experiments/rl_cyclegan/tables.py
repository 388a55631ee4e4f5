"""The experiment's tables in Markdown, each of the rows that a results file has for it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from crossgap.core.results import settings_digest
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
    table,
)
from crossgap.experiments.rl_cyclegan.many_steps import MANY_SIZES
from crossgap.experiments.rl_cyclegan.presets import DRAWN, FINETUNE, GAPS, MANY, ONCE_SIZES, STUDIES, Gap
from crossgap.experiments.rl_cyclegan.trial import PBR
from crossgap.simulation.grasping.looks import LOOKS

TITLES = {
    "blind": "blind: the mean image, whatever is there",
    "source_only": "source only",
    "randomized": "randomized",
    "gan": "GAN: Q on G(x)",
    "cyclegan": "CycleGAN: Q on G(x)",
    "cyclegan_goggles": "CycleGAN: Q_sim on F(y)",
    "graspgan": "GraspGAN: Q on G(x)",
    "rcan": "RCAN: Q on what it makes of random looks, behind it",
    "retinagan": "RetinaGAN: Q on G(x)",
    "taskgan": "TaskGAN inverse: Q_sim on F(y) (labels)",
    "cyclegan_fine_tuned": "CycleGAN: Q on G(x), fine-tuned on real grasps (labels)",
    "rl_cyclegan": "RL-CycleGAN: Q_real (labels)",
    "rl_cyclegan_as_written": "RL-CycleGAN as written: L_RL in Q alone, L_RL-scene in G and F alone (labels)",
    "rl_cyclegan_without_scene": "RL-CycleGAN without scene consistency (labels)",
    "rl_cyclegan_new_q": "RL-CycleGAN: new Q on G(x) (labels)",
    "rl_cyclegan_fine_tuned": "RL-CycleGAN: Q_real, fine-tuned on real grasps (labels)",
    "fine_tuned": "fine-tuned on real grasps (labels)",
    "target_only": "real grasps alone (labels)",
    "oracle": "unlimited real grasps (labels)",
    "qt_opt": "QT-Opt",
    "judge": "true pictures: what the judge errs",
}
"""Of methods, in the order of the tables."""
METRICS = "lost", "invented"
"""Of things, in a translation."""


NEARLY = 0.9
"""The share of the oracle's success that fine-tuning is to reach."""
COMPARED = (
    ("randomized", "source_only"),
    ("cyclegan", "randomized"),
    ("rl_cyclegan", "cyclegan"),
    ("rl_cyclegan", "cyclegan_fine_tuned"),
    ("rl_cyclegan", "fine_tuned"),
    ("rl_cyclegan", "rl_cyclegan_as_written"),
    ("rl_cyclegan", "rl_cyclegan_without_scene"),
    ("rl_cyclegan_new_q", "cyclegan"),
    ("rl_cyclegan_fine_tuned", "cyclegan_fine_tuned"),
    ("rl_cyclegan", "retinagan"),
    ("rl_cyclegan", "oracle"),
)
"""Pairs of methods whose difference is shown."""


def sizes_in(preset: str) -> tuple[str, str]:
    """By which rows know the sizes of a preset: of one decision, and of many steps."""
    once, many = (settings_digest(asdict(sizes[preset])) for sizes in (ONCE_SIZES, MANY_SIZES))
    return once, many


def world_of(gap: str) -> str:
    """By which rows know the bins that they are of: a gap, and all that says how they look."""
    about = GAPS.get(gap, Gap("source"))  # QT-Opt in many steps never leaves the simulation
    looks = [asdict(LOOKS[name]) for name in ("source", "randomized", about.look)]
    return settings_digest({"gap": asdict(about), "looks": json.dumps(looks, default=list)})


def current(results: dict[str, Any]) -> dict[str, Any]:
    """A results file with those rows alone that were measured with its preset's sizes, and in the gap's bins,
    as they are now; those that do not know their bins, as they were written before any knew, are kept."""
    sizes = sizes_in(results["provenance"]["preset"])
    rows = [row for row in results["rows"] if row.get("settings") in sizes]
    return results | {"rows": [row for row in rows if row.get("world") in (None, world_of(_gap(row)))]}


def success_table(study: str, results: dict[str, Any]) -> str:
    """Success by method, in each gap of a study and each place where policies are tested; in gaps that are
    another study's, too, of its own methods alone."""
    gaps, methods = STUDIES.get(study, ((study,), None))
    own = methods or TITLES
    rows = [row for row in _won(results, gaps) if row["method"] in own or _nobodys(row, study)]
    return _by_domain(rows, results)


def _nobodys(row: dict[str, Any], study: str) -> bool:
    """Whether no study names a row's method in its gap, and this is the gap's first study, which shows it."""
    of_gap = {name: methods for name, (gaps, methods) in STUDIES.items() if _gap(row) in gaps}
    return next(iter(of_gap), "") == study and not any(
        methods is None or row["method"] in methods for methods in of_gap.values()
    )


def differences(results: dict[str, Any]) -> str:
    """By how much one method's success is above another's in the same bins, with 95 % intervals over seeds
    and bins."""
    rows = _won(results, [gap for gaps, _ in STUDIES.values() for gap in gaps])
    rows = [row for row in rows if not row["domain"].endswith("/source")]
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    seeds = seeds_in(rows)
    lines = [
        (f"{TITLES[a]} – {TITLES[b]}", cells)
        for a, b in COMPARED
        if set(cells := [_difference(having(rows, domain=domain), a, b, seeds) for domain in domains])
        != {"–"}
    ]
    text = (
        "Percentage points, with 95 % intervals over seeds and bins; of one seed over bins alone, which says "
        "nothing of another training. In bold what excludes 0, of two seeds or more."
    )
    return table("difference", code(domains), lines, f"{text} {origin(results)}") if lines else ""


def _difference(rows: Rows, a: str, b: str, most: int) -> str:
    """A cell of it, of the seeds that both methods have, in a table of so many."""
    one, other = ({row["seed"]: row["won"] for row in having(rows, method=name)} for name in (a, b))
    if not (seeds := sorted(one.keys() & other.keys())):
        return "–"
    found = paired_difference(*(np.array([[*map(int, of[seed])] for seed in seeds]) for of in (one, other)))
    text = "{} ({} to {})".format(*difference(found))
    sure = len(seeds) > 1 and (found["low"] > 0 or found["high"] < 0)
    return (f"**{text}**" if sure else text) + fewer(len(seeds), most)


def _won(results: dict[str, Any], gaps: Sequence[str]) -> Rows:
    """The rows of success in gaps, but for fine-tuning and Filament's."""
    return [
        row
        for row in having(results["rows"], metric="success")
        if _gap(row) in gaps and "grasped" not in row and not _physical(row)
    ]


def _gap(row: dict[str, Any]) -> str:
    return row["domain"].partition("/")[0]


def pbr_table(results: dict[str, Any]) -> str:
    """Success where Filament draws the gap `target`, beside theirs where they know it."""
    rows = having(results["rows"], metric="success")
    drawn = {row["method"] for row in rows if _physical(row)}
    known = [row for row in having(rows, domain="target/robot_1") if row["method"] in drawn]
    return _by_domain(known + [row for row in rows if _physical(row)], results)


def _physical(row: dict[str, Any]) -> bool:
    return row["domain"].endswith(f"/{PBR}")


def _by_domain(rows: Rows, results: dict[str, Any]) -> str:
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    return _table(
        rows, code(domains), lambda of: [having(of, domain=domain) for domain in domains],
        "Something held above the bin, of unseen things, each attempt in a fresh bin", results,
    )  # fmt: skip


def on_policy_table(results: dict[str, Any]) -> str:
    """Success over the policy's own real grasps, and how many of these it takes."""
    rows = [row for row in results["rows"] if "grasped" in row]
    counts = sorted({row["grasped"] for row in rows})
    oracle = having(results["rows"], method="oracle", domain="target/robot_1", metric="success")
    found = _table(
        rows, [f"after {count:,}" for count in counts],
        lambda of: [having(of, grasped=count) for count in counts],
        "Success of a policy that goes on learning from so many real grasps of its own", results,
    )  # fmt: skip
    return f"{found}\n\n{_enough(rows, oracle)}" if found and oracle else found


def _enough(rows: Rows, oracle: Rows) -> str:
    """After how many grasps of its own each method's mean success first is `NEARLY` that of the oracle."""
    wanted, said = NEARLY * float(np.mean([row["value"] for row in oracle])), []
    for method in dict.fromkeys(row["method"] for row in rows):
        means = {
            row["grasped"]: np.mean(
                [one["value"] for one in having(rows, method=method, grasped=row["grasped"])]
            )
            for row in having(rows, method=method)
        }
        after = min((count for count, mean in means.items() if mean >= wanted), default=None)
        times = f"more than {max(means):,}" if after is None else f"{after:,}"
        said.append(f"{TITLES[method].partition(':')[0]} {times}")
    goal = f"{NEARLY:.1f} × unlimited real grasps, {100 * wanted:.0f} %"
    return f"Grasps of its own until it has {goal}: {', '.join(said)}."


def vanished_table(results: dict[str, Any]) -> str:
    """What translators lose and invent, by method and gap."""
    rows = [row for row in results["rows"] if row["domain"].endswith("/things")]
    cells = [
        (domain, metric) for domain in dict.fromkeys(row["domain"] for row in rows) for metric in METRICS
    ]
    return _table(
        rows, [f"`{domain.partition('/')[0]}`, {metric}" for domain, metric in cells],
        lambda of: [having(of, domain=domain, metric=metric) for domain, metric in cells],
        "Lost: things of x that a judge does not find in G(x). Invented: share of the bin's floor that it "
        "takes for a thing", results, 1,
    )  # fmt: skip


def every_table(results: dict[str, Any]) -> str:
    """All that have rows, each below its name."""
    made = {name: make(results) for name, make in PARTS.items()}
    return "\n\n".join(f"**{name}**\n\n{text}" for name, text in made.items() if text)


def _of(study: str) -> Callable[[dict[str, Any]], str]:
    return lambda results: success_table(study, results)


PARTS: dict[str, Callable[[dict[str, Any]], str]] = {
    **{study: _of(study) for study in (*STUDIES, MANY)},
    DRAWN: pbr_table,
    "differences": differences,
    FINETUNE: on_policy_table,
    "vanished": vanished_table,
}
"""By name."""


def _table(
    rows: Rows, titles: Sequence[str], cells: Callable[[Rows], Iterable[Rows]], about: str,
    results: dict[str, Any], digits: int = 0,
) -> str:  # fmt: skip
    """A line for each method that has rows, a cell for each part of them; nothing of no rows."""
    if not rows:
        return ""
    seeds = seeds_in(rows)
    lines = [
        (title, [_cell(of, digits) + fewer(len(of), seeds) for of in cells(having(rows, method=method))])
        for method, title in TITLES.items()
        if having(rows, method=method)
    ]
    counts = sorted({row["n"] for row in rows})
    text = (
        f"{about}; mean of {seeds} seeds (lowest – highest) of {' or '.join(f'{n:,}' for n in counts)}; in "
        "square brackets the 95 % interval of one seed"
    )
    return table("method", titles, lines, f"{text}. {origin(results)}")


def _cell(rows: Rows, digits: int) -> str:
    """Mean of rates in per cent, with their range; of one alone its own interval, in square brackets."""
    if len(rows) != 1 or rows[0].get("low") is None:
        return rate_cell(rows, digits)
    value, low, high = (f"{100 * rows[0][key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} % [{low}–{high}]"
