"""Put the page together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import write_text
from crossgap.report import pictures, tables
from crossgap.report.content import ReportContent
from crossgap.report.palette import Shown, show
from crossgap.report.verdict import difference, judge, recommended, signed, subject

COLUMNS = 8
"""Most pictures in a row."""
BLIND, BLIND_STEPS = 0.16, 100
"""Success of a policy that sees nothing and drives to the best single place, in episodes of so many steps, on
2,000 starts beside the test's: `benchmarks/blind.py`."""


def build_report(content: ReportContent, path: Path) -> Path:
    """Write the report.

    Args:
        content: what it shows.
        path: the HTML file; nothing half-written is ever there.

    Returns:
        The path.

    Raises:
        CrossgapError: the place cannot be written.
    """
    from markupsafe import Markup, escape

    def emphasise(sentence: str) -> Markup:
        """Figures strong, what is in brackets quiet, no break before a unit."""
        text = str(escape(sentence))
        text = re.sub(r"\(([^()]*\d[^()]*)\)", r"<span>(\1)</span>", text)
        text = re.sub(r"(\d+) (%|points)(?![^<]*</span>)", r"<b>\1 \2</b>", text)
        return Markup(re.sub(r"(\d) (%|points)", r"\1&nbsp;\2", text))

    def symbols(text: str) -> Markup:
        """f_X as one writes it."""
        return Markup(re.sub(r"\b([fD])_([XY])\b", r"\1<sub>\2</sub>", str(escape(text))))

    environment = templates(trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "emphasise": emphasise, "symbols": symbols, "duration": tables.duration,
        "text": tables.plain_text, "label": tables.label,
    }  # fmt: skip
    phases = [row["phase"] for row in content.metrics]
    methods = show(dict.fromkeys([*content.played, *phases]), *content.image_counts())
    rows = {label: row[:COLUMNS] for label, row in content.images.items() if len(row)}
    gallery = [(label, [pictures.picture(image) for image in row]) for label, row in rows.items()]
    page = environment.get_template("report.html.j2").render(
        content=content, methods=methods, verdict=judge(content), about=subject(content),
        success=tables.success_rates(content), table=tables.metric_table(content),
        heads=list(tables.METRICS.values()),
        differences=_differences(content), gallery=gallery, strips=_strips(content),
        film=_film(content), curves=_curves(content, methods), settings=list(tables.flatten(content.config)),
        threshold=content.success_distance, few=content.image_counts()[0], many=content.image_counts()[1],
        blind=BLIND if content.episode_steps == BLIND_STEPS else None, model=recommended(content),
    )  # fmt: skip
    write_text(path, page)
    return path


def templates(**options: Any) -> Any:
    """Jinja's environment of the pages that are filled in, which are beside this file, with these options."""
    import jinja2

    loader = jinja2.PackageLoader("crossgap", "report")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, **options)


def _differences(content: ReportContent) -> list[dict[str, Any]]:
    about, rows = subject(content), []
    words = {"better": "beaten", "worse": "does better", "unclear": "no clear difference"}
    for method in content.played:
        if about not in (None, method):
            diff = difference(content, about, method)
            texts = {key: signed(getattr(diff, key)) for key in ("value", "low", "high")}
            rows.append({"method": method, "diff": diff, "texts": texts, "word": words[diff.kind]})
    return rows


def _strips(content: ReportContent) -> dict[str, Any]:
    from crossgap.report.charts import STRIP_HEIGHT, across, distance_limit, strip

    distances = {method: loop.final_distance for method, loop in content.played.items()}
    limit = distance_limit([value for values in distances.values() for value in values])
    medians = {method: float(np.median(values)) for method, values in distances.items()}
    step = 0.2 if limit > 0.3 else 0.1
    ticks = [0.0, content.success_distance, *np.arange(step, limit + 1e-6, step).round(1).tolist()]
    return {
        "dots": {method: strip(values, limit) for method, values in distances.items()},
        "medians": {method: (median, across(median, limit)) for method, median in medians.items()},
        "threshold": across(content.success_distance, limit), "height": STRIP_HEIGHT,
        "ticks": sorted({(across(tick, limit), f"{tick:g}") for tick in ticks}),
    }  # fmt: skip


def _film(content: ReportContent) -> dict[str, Any] | None:
    """One start, every recorded method."""
    recorded = min((len(frames) for frames in content.frames.values()), default=0)
    methods = [method for method in content.played if method in content.frames]
    if not recorded or not methods:
        return None
    start, usual = pictures.typical_start({method: content.played[method] for method in methods}, recorded)
    shots = []
    for method in methods:
        images, loop = content.frames[method][start], content.played[method]
        shots.append({
            "method": method, "moving": pictures.animation(images), "still": pictures.picture(images[-1]),
            "success": loop.success[start], "once": loop.reached_once[start],
            "distance": loop.final_distance[start],
        })  # fmt: skip
    seed = content.played[methods[0]].seeds[start]
    return {"shots": shots, "seed": seed, "recorded": recorded, "usual": usual}


def _curves(content: ReportContent, methods: dict[str, Shown]) -> list[tuple[Shown, str]]:
    from crossgap.report.charts import loss_chart

    phases: dict[str, list[dict[str, Any]]] = {}
    for row in content.metrics:
        if len(row.keys() - {"phase", "step"}):
            phases.setdefault(row["phase"], []).append(row)
    return [(shown, loss_chart(phases[name], shown)) for name, shown in methods.items() if name in phases]
