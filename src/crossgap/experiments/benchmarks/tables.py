"""Tables of `results/benchmarks/`, in Markdown."""

from typing import Any

from crossgap.experiments.engine.markdown import difference, table
from crossgap.methods.registry import METHODS


def minutes_table(results: dict[str, Any]) -> str:
    """How long the quick presets take, in Markdown."""
    lines = [(f"`{row['experiment']}`", [f"{row['minutes']:.0f}"]) for row in results["rows"]]
    runs = [row["provenance"] for row in results["rows"]]
    cores = ", ".join(dict.fromkeys(f"{run['machine']['cores']} cores" for run in runs))
    commits = ", ".join(dict.fromkeys(run["commit"] for run in runs))
    text = (
        f"From nothing, a worker per core: {cores}. `python benchmarks/quick_presets.py`, commit {commits}."
    )
    return table("`crossgap reproduce …`, preset `quick`, one seed", ["minutes"], lines, text)


def blind_sentence(results: dict[str, Any]) -> str:
    """What success is, and what a policy has that sees nothing."""
    poses = sorted(100 * row["value"] for row in results["rows"])
    best = next(row for row in results["rows"] if row["pose"] == "best")
    return (
        "*Success*: after 100 steps the arm's tip is within 10 cm of the cube. A policy that sees nothing "
        f"and drives to one place has {poses[0]:.0f} to {poses[-1]:.0f} % on these starts "
        f"({100 * best['others']:.0f} % of 2,000 others; `{results['provenance']['command']}`). Results "
        "files also have success within 5 cm and the steps it takes: "
        "[what they mean](docs/methods/taskgan.md#result-metrics-resultsjson)."
    )


def step_table(results: dict[str, Any]) -> str:
    """How fast a translator trains, the shipped step beside eager float32, in Markdown."""
    origin, lines = results["provenance"], []
    for row in results["rows"]:
        speeds = [f"{row['images_per_second'][step]:.0f} images/s" for step in ("eager_float32", "shipped")]
        ratio = "{median:.2f} ({low:.2f}–{high:.2f})".format_map(row["ratio"])
        lines.append((f"{row['size']} px", [*speeds, ratio]))
    differences = [row["largest_relative_difference_of_losses"] for row in results["rows"]]
    text = (
        f"{origin['device'].upper()}, {results['threads']} threads, {origin['precision']}, preset "
        f"`{origin['preset']}`; losses of the first steps alike to {100 * max(differences):.1f} %. "
        f"`{origin['command']}`, commit {origin['commit']}."
    )
    return table("image size", ["eager float32", "shipped", "ratio (10 to 90 %)"], lines, text)


def cyclegan_table(results: dict[str, Any]) -> str:
    """How fast CycleGAN's shipped step is beside the same networks in torch.nn, and beside the reference."""
    origin, lines = results["provenance"], []
    for row in results["rows"]:
        seconds = row["cpu"]["seconds_per_step"]
        for shipped, others in row["wall"]["ratios"].items():
            for other in others:
                ratios = [row[clock]["ratios"][shipped][other] for clock in ("wall", "cpu")]
                cells = ["{median:.2f} ({low:.2f}–{high:.2f})".format_map(ratio) for ratio in ratios]
                times = f"{seconds[other]:.2f} → {seconds[shipped]:.2f} s"
                lines.append((f"{row['size']} px, {shipped} beside {other}", [*cells, times]))
    rounds, first = min(row["rounds"] for row in results["rows"]), results["rows"][0]
    text = (
        f"Times faster, medians of {rounds} steps in turn with their 10 to 90 % range. "
        f"{origin['device'].upper()}, threads: {results['threads']}, batch {first['batch']}, width "
        f"{first['width']}; load before: {origin['load_before']}. `{origin['command']}`, commit "
        f"{origin['commit']}."
    )
    return table("step", ["by the clock", "in CPU time", "CPU time of a step"], lines, text)


def style_table(results: dict[str, Any]) -> str:
    """How fast a picture is stylized, the shipped step beside the plain recipe, in Markdown."""
    origin, lines = results["provenance"], []
    for row in results["rows"]:
        times = [f"{1000 * row['seconds_per_step'][step]:.0f} ms" for step in ("plain", "shipped")]
        ratio = "{median:.2f} ({low:.2f}–{high:.2f})".format_map(row["ratio"])
        lines.append((f"{row['size']} px", [*times, ratio]))
    differences = [max(row["largest_relative_difference_of_losses"].values()) for row in results["rows"]]
    text = (
        f"{origin['device'].upper()}, {results['threads']} threads, {origin['precision']}; load before: "
        f"{origin['load_before']}. Losses of the first steps alike to {100 * max(differences):.1f} %. "
        f"`{origin['command']}`, commit {origin['commit']}."
    )
    return table("picture", ["plain recipe", "shipped", "ratio (10 to 90 %)"], lines, text)


WAYS = {
    "torch": "torch", "onnx": "ONNX", "int8": "ONNX, 8 bits",
    "onnx, camera": "ONNX, of a camera's 480×640 pixels",
}  # fmt: skip
"""What the rows of a latency are of."""


def latency_table(results: dict[str, Any]) -> str:
    """How long a robot waits for a label, in Markdown."""
    origin, lines = results["provenance"], []
    for row in results["rows"]:
        bar = "" if row["bar_ms"] is None else f"{row['bar_ms']:g} ms"
        cells = [f"{row[key]:.1f} ms" for key in ("p50_ms", "p99_ms", "cpu_ms")]
        lines.append((f"{row['size']} px, {WAYS[row['way']]}", [*cells, bar]))
    text = (
        "The paper's generator and task model, one image at a time, on one core "
        f"({origin['machine']['processor']}); load before: {origin['load_before']}. "
        f"`{origin['command']}`, commit {origin['commit']}."
    )
    found = table("image", ["p50", "p99", "computing (median)", "wanted (p50)"], lines, text)
    return f"{found}\n\n{_played(results)}" if results.get("success") else found


def _played(results: dict[str, Any]) -> str:
    """What a trained model reaches in each way, in a sentence."""
    rows, origin = results["success"], results["success_provenance"]
    each = "; ".join(f"{WAYS[row['way']]} {row['value']:.0%}".replace("%", " %") for row in rows)
    played = f"`{rows[0]['method']}` in `{rows[0]['look']}`, {rows[0]['n']} starts"
    return f"In closed loop, {played}: {each}. `{origin['command']}`, commit {origin['commit']}."


def guard_table(results: dict[str, Any]) -> str:
    """What the guard catches, the worst and the mean over looks and seeds, in Markdown."""
    rows, lines = results["rows"], []
    for fault in dict.fromkeys(row["fault"] for row in rows):
        cells = []
        for key, form in (("auroc", "{:.3f}"), ("caught_at_1_percent", "{:.0%}"), ("caught", "{:.0%}")):
            values = [row[key] for row in rows if row["fault"] == fault]
            mean, least = (form.format(value) for value in (sum(values) / len(values), min(values)))
            cells.append(f"{mean} ({least})".replace("%", " %"))
        lines.append((fault, cells))
    alarms = {(row["look"], row["seed"]): row["false_alarms"] for row in rows}
    looks = ", ".join(f"`{look}`" for look in dict.fromkeys(row["look"] for row in rows))
    text = (
        f"Mean over {looks}, {len({row['seed'] for row in rows})} seeds each, and the worst. False alarms at "
        f"the guard's own threshold: {100 * sum(alarms.values()) / len(alarms):.1f} % (at most "
        f"{100 * max(alarms.values()):.1f} %). `{results['provenance']['command']}`, commit "
        f"{results['provenance']['commit']}."
    )
    heads = ["AUROC", "caught at 1 % false alarms", "caught at its own threshold"]
    return table("fault", heads, lines, text)


def photographs_table(results: dict[str, Any]) -> str:
    """Own photographs by the command line against the built-in experiment, in Markdown."""
    rows, lines = results["rows"], []
    for method in dict.fromkeys(row["method"] for row in rows):
        found = {(row["domain"], row["metric"]): row for row in rows if row["method"] == method}
        cells = [f"{100 * found[data, 'success']['value']:.0f} %" for data in ("photographs", "built_in")]
        apart = "{} ({} to {})".format(*difference(found["photographs", "success_more_than_built_in"]))
        lines.append((METHODS[method].about, [*cells, apart]))
    seeds = sorted({row["seed"] for row in rows})
    text = (
        f"Success in closed loop, {rows[0]['n']} starts, seed {', '.join(map(str, seeds))}; difference in "
        f"points with its 95 % interval. `{results['provenance']['command']}`, commit "
        f"{results['provenance']['commit']}."
    )
    return table("trained how", ["photographs", "built-in images", "difference"], lines, text)


TABLES = {
    "blind": ("benchmarks/blind.json", blind_sentence),
    "cyclegan-step": ("benchmarks/cyclegan_step_cpu.json", cyclegan_table),
    "guard": ("benchmarks/guard.json", guard_table),
    "latency": ("benchmarks/latency.json", latency_table),
    "photographs": ("benchmarks/photographs.json", photographs_table),
    "quick-minutes": ("benchmarks/quick_presets.json", minutes_table),
    "style-step": ("benchmarks/style_step_cpu.json", style_table),
    "train-step": ("benchmarks/train_step_cpu.json", step_table),
}
