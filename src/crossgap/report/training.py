"""The report of a training on a user's own data: what its networks make of images, and its losses."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from crossgap.base.files import read_json, write_text
from crossgap.core.runs import CONFIG, provenance, read_times
from crossgap.core.trainer import SAMPLES, read_metrics
from crossgap.core.weights import steps_in
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.description import ABOUT, OF_POLICY
from crossgap.deploy.latency import one_core
from crossgap.errors import CrossgapError
from crossgap.evaluation.held_out import MEASURED
from crossgap.methods.registry import METHODS
from crossgap.report.adaptation import ADAPTATION, read_adaptation
from crossgap.report.build import templates
from crossgap.report.charts import loss_chart
from crossgap.report.palette import show
from crossgap.report.pictures import data_uri
from crossgap.report.tables import duration, flatten, label, plain_text

EARLIER = 3
"""Contact sheets shown beside a phase's last one, evenly spaced."""


def build_training_report(folder: Path) -> Path:
    """Write `report.html` into the run folder of `crossgap train`; its path.

    Raises:
        CrossgapError: nothing has been trained in it, or a file in it is damaged.
    """
    rows = _rows(folder)
    if not rows and not (folder / ADAPTATION).exists():  # a frozen policy as it is has no steps
        raise CrossgapError(f"{folder} has no steps yet: nothing to report on. Run its training again.")
    shown = show(rows, "few", "many")
    phases = [
        {
            "name": name,
            "chart": loss_chart(rows[name], shown[name]),
            "sheets": _sheets(folder / SAMPLES / name),
        }
        for name in rows
    ]
    environment = templates(trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"duration": duration, "label": label, "text": plain_text}
    page = environment.get_template("training.html.j2").render(
        phases=sorted(phases, key=lambda phase: not phase["sheets"]), shown=shown, models=_models(folder),
        measured=_measured(folder), adaptation=read_adaptation(folder), unfinished=unfinished(folder),
        settings=list(flatten(_settings(folder))),
        latency={model: _latency(folder / model) for model, _ in _models(folder)},
        policies=_policies(folder),
        provenance=provenance(folder), times=read_times(folder),
    )  # fmt: skip
    write_text(folder / "report.html", page)
    return folder / "report.html"


def unfinished(folder: Path) -> list[str]:
    """What in a run is not trained to its end, by now or because it was stopped, a sentence each."""
    found = []
    for name, rows in _rows(folder).items():
        there = (folder / "checkpoints" / name).exists()
        done, steps = steps_in(folder / "checkpoints" / name) if there else (rows[-1]["step"], 0)
        if done < steps:
            found.append(f"{name} is not finished: it has done {done:,} of {steps:,} steps.")
        elif not there and not _models(folder):  # stopped before its first checkpoint
            found.append(f"{name} is not finished: it has done {done:,} steps.")
    return found


def _rows(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of metrics by phase."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in read_metrics(folder):
        found.setdefault(row["phase"], []).append(row)
    return found


def _settings(folder: Path) -> dict[str, Any]:
    """A run's settings, of its methods those that something trained in it depends on."""
    found = read_json(folder / CONFIG, "run configuration", {"config": dict})
    records = [read_json(path, "record", dict) for path in (folder / "checkpoints").glob("*.json")]
    used = {part for record in records for part in record.get("config", {})}
    return found | {"config": {part: value for part, value in found["config"].items() if part in used}}


def _models(folder: Path) -> list[tuple[str, str]]:
    """The folders of a run's models, as seen from the report, and what each is."""
    names = [path.parent.name for path in sorted((folder / "models").glob(f"*/{ABOUT}"))]
    return [(f"models/{name}", METHODS[name].about.replace("**", "")) for name in names if name in METHODS]


def _policies(folder: Path) -> list[str]:
    """The folders of a run's policies, as seen from the report."""
    return [f"models/{path.parent.name}" for path in sorted((folder / "models").glob(f"*/{OF_POLICY}"))]


def _latency(model: Path) -> str:
    """How long a model takes for an image on one core of this machine, in words; nothing of one that takes no
    images."""
    loaded = AdaptedModel.load(model)
    if not {"task_model", "translator"} & loaded.networks.keys():
        return ""
    return f"{one_core(loaded)} in torch on one core of this machine"


EVALUATION = "evaluation"
"""In a run folder: what `commands.measured` keeps there."""


def _measured(folder: Path) -> list[dict[str, Any]]:
    """What is known of a run's methods on target images: rows of a table, pictures, sentences."""
    found = []
    for path in sorted((folder / EVALUATION).glob("*.json")):
        about = read_json(
            path, "evaluation", MEASURED, f"Delete {path}; the same training measures it again."
        )
        sheet, name = path.with_suffix(".png"), path.stem
        found.append({
            "name": METHODS[name].about.replace("**", "") if name in METHODS else name, "method": name,
            "rows": [_row(set_, about["error_name"], values) for set_, values in about["sets"].items()],
            "sheet": _smaller(sheet) if sheet.exists() else "", "unknown": about["unknown"],
        })  # fmt: skip
    return found


def _row(name: str, error_name: str, measured: dict[str, Any]) -> tuple[str, int, list[str]]:
    """Target images of a kind: what they are, how many, and figures in words."""
    said = {"error": error_name, "agreement_error": "f_X(F(y)) against f_X(y)"}
    texts = []
    for key, figures in measured["figures"].items():
        between = f" ({figures['low']:.3g} – {figures['high']:.3g})" if figures["n"] > 1 else ""
        texts.append(f"{said.get(key, key)}: {figures['value']:.3g}{between}")
    texts += [f"{label}: off by {value:.3g}" for label, value in measured["mean_absolute_error"].items()]
    texts += [f"{label}: distance {value:.3g}" for label, value in measured["mean_distance"].items()]
    return name, measured["images"], texts


def _sheets(folder: Path) -> list[tuple[int, str]]:
    """Steps and contact sheets of a phase, as data URIs: the last one first, then earlier ones."""
    found = sorted((path for path in folder.glob("*.png") if path.stem.isdigit()), key=lambda p: int(p.stem))
    last, earlier = found[-1:], found[:-1]
    chosen = earlier[:: max(1, -(-len(earlier) // EARLIER))]
    return [(int(path.stem), _smaller(path)) for path in [*last, *chosen[::-1]]]


def _smaller(path: Path) -> str:
    """A sheet, with a fifth of its bytes."""
    out = io.BytesIO()
    Image.open(path).save(out, "WEBP", quality=90, method=4)
    return data_uri(out.getvalue())
