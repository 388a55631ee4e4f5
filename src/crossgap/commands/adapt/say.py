"""What an adaptation says in the terminal: what is in the data, the table, the verdict, what to type next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Column, Table

from crossgap.base.progress import command, counted, say, say_next
from crossgap.commands.adapt.verdict import between
from crossgap.commands.data.check import findings_of, say_sets
from crossgap.commands.evaluate.tables import print_table
from crossgap.commands.options import AdaptOptions
from crossgap.data.images import LabelledImages
from crossgap.data.survey import survey_of


def say_findings(
    source: dict[str, LabelledImages], target: dict[str, LabelledImages], options: AdaptOptions,
    labelled: bool = True,
) -> None:  # fmt: skip
    """What is in the two sets, and what looks wrong: as `crossgap data check`, of the images as prepared.

    Args:
        source: its images by camera; one camera's name may be empty.
        target: as well.
        options: where they are.
        labelled: whether the source needs labels.
    """
    seen = {
        "source": {camera: survey_of(one, options.source) for camera, one in source.items()},
        "target": {camera: survey_of(one, options.target) for camera, one in target.items()},
    }
    say_sets(seen)
    if texts := [finding.text for finding in findings_of(seen, labelled)]:
        say("Looks wrong, or should be known:")
        for text in texts:
            say(f"- {text}")


def say_result(run: Path, record: dict[str, Any], options: AdaptOptions) -> None:
    """The table, the verdict, where the model is, and what to type next."""
    print_table(result_table(record))
    for sentence in sentences(record):
        say(sentence)
    model = run / "models" / record["recommended"]
    say(f"Model: {model}")
    say(f"Report: {run / 'report.html'}")
    say_next(_next(model, options.test is None))
    say(f"On a robot:\n  {snippet(model)}")


def sentences(record: dict[str, Any]) -> list[str]:
    """The verdict, and what else is to be known of its figures."""
    found, rows = list(record["sentences"]), record["methods"]
    if record["held_out"] is None or not record["held_out"]["labelled"]:
        if test := record.get("test"):
            each = (f"{n} {f['value']:.3g} {between(f)}".rstrip() for n, f in test["methods"].items())
            images = counted(test["images"], "labelled image")
            found.append(f"On {images} of {test['folder']}, {record['measure']}: {', '.join(each)}.")
        return found
    own = rows[record["recommended"]]["own"]
    if len(own) > 1:
        each = (
            f"{label} {figures['value']:.3g} {between(figures)}".rstrip() for label, figures in own.items()
        )
        found.append(f"Its mean absolute errors, in the labels' own units: {', '.join(each)}.")
    if record["preset"] == "smoke":
        found.append("Preset smoke shows that all works, and nothing else: --preset quick trains.")
    if hearts := [name for name, row in rows.items() if row["by_heart"]]:
        found.append(
            f"Know the images that they were trained on by heart: {', '.join(hearts)}. More labelled images "
            "of more episodes help; more steps do not."
        )
    if test := record.get("test"):
        figures = test["methods"][record["recommended"]]
        images = counted(test["images"], "image")
        found.append(
            f"On {images} of {test['folder']}, on which nothing was chosen: {record['recommended']} "
            f"{figures['value']:.3g} {between(figures)}.".replace(" .", ".")
        )
        best = min(test["methods"], key=lambda name: test["methods"][name]["value"])
        if (lowest := test["methods"][best])["value"] < figures["value"]:
            found.append(
                f"There {best} has a lower error, {lowest['value']:.3g} {between(lowest)}".rstrip()
                + ": which of the two is better, those held out did not tell."
            )
    else:
        found.append(
            "The method was chosen on these held-out images, so its error on them is a little too low: "
            "--test FOLDER measures it on others."
        )
    return found


def result_table(record: dict[str, Any]) -> Table:
    """Held out, trained on, and how much worse than what is recommended."""
    rows, use = record["methods"], record["recommended"]
    if record["held_out"] is None or not record["held_out"]["labelled"]:
        table = Table(Column("method", no_wrap=True), Column("f_X(F(y)) against f_X(y)"), title="No labels")
        for name, row in rows.items():
            table.add_row(
                name, _cell(row["agreement"]) or ("not measured" if row["translates"] else "no translator")
            )
        return table
    heads = ["method", "held out", "trained on", "more than ←"]
    test = record["test"]["methods"] if "test" in record else {}
    if test:
        heads.append(f"on {record['test']['folder']}")
    title = f"{record['measure'][:1].upper()}{record['measure'][1:]}, on {counts(record)}"
    table = Table(*(Column(head, no_wrap=True) for head in heads), title=title)
    for name, row in rows.items():
        cells = [_cell(row["held_out"]), f"{row['trained_on']['value']:.3g}", _cell(row["difference"], "+")]
        further = [_cell(test[name])] if test else []
        table.add_row(name + " ←" * (name == use), *cells, *further, style="bold" if name == use else "")
    if record["blind"]:
        table.add_row("(always the same)", _cell(record["blind"]), *[""] * (len(heads) - 2), style="dim")
    return table


def _cell(figures: dict[str, Any] | None, sign: str = "") -> str:
    """A value with its interval; "" where there is none."""
    return f"{figures['value']:{sign}.3g} {between(figures, bool(sign))}".rstrip() if figures else ""


def counts(record: dict[str, Any]) -> str:
    """On how many images errors are, and of how many episodes."""
    held = record["held_out"]
    of = "" if record["unit"] == "image" else f" of {held['episodes']:,} {record['unit']}s"
    return f"{held['images']:,} held-out images{of.replace('stretchs', 'stretches')}"


def _next(model: Path, untested: bool) -> dict[str, str]:
    found = {}
    if untested:
        found["Next, on labelled images that it has not seen"] = command(
            "evaluate", model, "--data", "FOLDER"
        )
    return found | {"As one file that runs without torch": command("export", model, "model.onnx")}


def snippet(model: Path) -> str:
    """The line or two that use it."""
    load = f"from crossgap import AdaptedModel; model = AdaptedModel.load({str(model)!r})"
    return f"{load}\n  labels = model.predict(images)  # (n, H, W, 3) uint8, RGB"
