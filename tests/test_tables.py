"""The tables of README and docs, and what these link to."""

import importlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from crossgap.base.files import lock_file, read_json
from crossgap.errors import CrossgapError
from crossgap.experiments.benchmarks.tables import (
    blind_sentence,
    cyclegan_table,
    guard_table,
    latency_table,
    minutes_table,
    photographs_table,
    step_table,
)
from crossgap.experiments.digits.experiment import accuracy_table
from crossgap.experiments.engine import tables
from crossgap.experiments.engine.markdown import difference, origin
from crossgap.experiments.engine.tables import insert, update
from crossgap.experiments.mico.experiment import error_table
from crossgap.experiments.task_weight.experiment import weight_table
from crossgap.experiments.taskgan.presets import PRESETS, current, measured_with, with_task_norm
from crossgap.experiments.taskgan.report import one_training
from crossgap.experiments.taskgan.tables import (
    alignment_table,
    difference_table,
    generalisation_table,
    headline_table,
    regime_table,
    success_table,
)
from crossgap.experiments.xarm7.experiment import reach_table

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROVENANCE = {"preset": "quick", "command": "crossgap x", "commit": "abc"}


def results(*successes):
    row = {"domain": "target_b", "method": "oracle", "metric": "success", "n": 100}
    rows = [{**row, "seed": seed, "value": value} for seed, value in enumerate(successes)]
    rows.append({**row, "seed": 0, "metric": "held_out_mse", "value": 9.0})
    rows.append({**row, "seed": 0, "method": "source_only", "domain": "target_a", "value": 0.0})
    return {"provenance": {"preset": "quick", "command": "crossgap x", "commit": "abc"}, "rows": rows}


def test_mean_and_range_over_seeds():
    table = success_table(results(0.9, 0.8, 0.97))
    assert "89 % (80–97)" in table
    assert "mean of 1–3 seeds × 100 starts" in table
    assert "commit abc" in table
    assert table.startswith("| trained how | `target_a` (1 seeds) | `target_b` (3 seeds) |")
    assert table.splitlines()[2] == "| source only | 0 % (0–0) | – |"  # it was not run in target_b


def test_the_headline_has_the_main_rows_of_the_norm_alone() -> None:
    row = {"domain": "target_b", "metric": "success", "n": 100, "seed": 0}
    rows = [
        {**row, "method": "fine_tuned", "value": 0.5}, {**row, "method": "target_only", "value": 0.4},
        {**row, "method": "fine_tuned", "value": 0.8, "task_norm": "instance"},
        {**row, "method": "fine_tuned", "value": 0.9, "task_norm": "instance", "seed": 1},
        {**row, "method": "target_only", "value": 0.4, "task_norm": "instance"},
        {**row, "method": "taskgan_inverse_refined", "value": 1.0, "task_norm": "instance"},
    ]  # fmt: skip
    lines = headline_table({"rows": rows, "provenance": PROVENANCE}).splitlines()
    assert lines[2:] == [
        "| source model fine-tuned on the target images | 85 % (80–90) |",
        "| **TaskGAN inverse, refined** | 100 % (100–100), 1 seed |", "",
        "Success, mean of 2 seeds × 100 starts (lowest – highest seed), preset `quick`.",
    ]  # fmt: skip


def test_a_cell_of_fewer_seeds_than_its_column_says_so() -> None:
    found = results(0.9, 0.8)
    row = {
        "domain": "target_b",
        "method": "source_only",
        "metric": "success",
        "n": 100,
        "seed": 0,
        "value": 0.5,
    }
    found["rows"].append(row | {"value": 0.5})
    source, oracle = success_table(found).splitlines()[2:4]
    assert source.endswith("| 50 % (50–50), 1 seed |")
    assert oracle.endswith("| 85 % (80–90) |")


def test_each_command_and_commit_is_named_once_without_workers_and_parts() -> None:
    found = results(0.9)
    once = {"command": "crossgap x --workers 2 --methods a b, then crossgap x", "commit": "abc, then def"}
    found["provenance"]["earlier"] = [once, {"command": "crossgap x --looks c", "commit": "def"}]
    text = "`crossgap x`, in parts by `--methods`, `--looks` (the file has each), commit abc, def."
    assert text in success_table(found)


def test_of_many_commits_the_first_and_the_last_and_of_seeds_the_most_are_named() -> None:
    one = {"preset": "quick", "commit": "a, then b", "command": "crossgap reproduce digits --seeds 3"}
    more = one | {"commit": "c, then d", "command": "crossgap reproduce digits --seeds 1 --looks mnist_m"}
    assert origin({"provenance": one | {"earlier": [more]}}) == (
        "Preset `quick`, `crossgap reproduce digits --seeds 3`, in parts by `--looks` (the file has each), "
        "4 commits from c to b (every row's run has its own)."
    )


def test_accuracies_of_the_digits() -> None:
    row = {"method": "dann", "metric": "accuracy", "n": 10_000}
    rows = [{**row, "domain": "mnist_m", "seed": seed, "value": v} for seed, v in enumerate((0.951, 0.953))]
    rows.append({**row, "domain": "scanned_digits", "n": 600, "seed": 0, "value": 0.9})
    rows.append({**row, "domain": "mnist_m", "metric": "validation_accuracy", "seed": 0, "value": 0.1})
    table = accuracy_table({**results(), "rows": rows}).splitlines()
    assert table[0] == "| trained how | `mnist_m`, 10,000 images | `scanned_digits`, 600 images |"
    assert table[2] == "| DANN | 95.2 % (95.1–95.3) | 90.0 % (90.0–90.0) |"
    assert "mean of 2 seeds" in table[-1]


def test_differences_are_start_by_start() -> None:
    row = {"domain": "target_c", "metric": "success", "n": 4, "value": 0.5}
    rows = [
        {**row, "method": method, "seed": seed, "won": won}
        for method, wins in (("taskgan_inverse_refined", ("1111", "1110")), ("oracle", ("1111", "1111")),
                             ("fine_tuned", ("1000", "0000")))
        for seed, won in enumerate(wins)
    ]  # fmt: skip
    rows.append({**row, "domain": "target_a", "method": "oracle", "seed": 0, "won": "1111"})
    table = difference_table({**results(), "rows": rows}).splitlines()
    assert table[0] == "| refined TaskGAN minus | `target_a` | `target_c` |"
    tuned, oracle = table[2:4]
    # mean squares 0, 1/6 and 1/3: 2.4 degrees of freedom, t = 3.68, 0.75 ± 3.68 √(1/3 / 8)
    assert tuned.startswith("| source model fine-tuned on the target images | – | +75 (-0.2 – +100) |")
    # two seeds that differ leave less than one degree of freedom, which says nothing
    assert oracle.endswith("as many labelled target images as source images | – | -12 (-100 – +100) |")


def test_a_policy_that_sees_nothing_is_measured_on_the_tables_starts_and_on_others() -> None:
    rows = [{"pose": "mean", "value": 0.19, "others": 0.15}, {"pose": "best", "value": 0.14, "others": 0.16}]
    assert "14 to 19 % on these starts (16 % of 2,000 others; `crossgap x`)" in blind_sentence(
        {"provenance": PROVENANCE, "rows": rows}
    )


def test_an_end_of_an_interval_within_a_point_of_0_says_on_which_side() -> None:
    assert difference({"value": 0.193, "low": -0.0039, "high": 0.391}) == ("+19", "-0.4", "+39")
    assert difference({"value": -0.003, "low": -0.049, "high": 0.0}) == ("+0", "-5", "+0")


def test_rows_with_a_norm_in_the_task_model_stand_apart_and_are_compared_with_their_like() -> None:
    row = {"domain": "target_c", "metric": "success", "n": 2, "seed": 0}
    paper, normed = {**row}, {**row, "task_norm": "instance"}
    rows = [
        {**paper, "method": "fine_tuned", "value": 0.0, "won": "00"},
        {**paper, "method": "taskgan_inverse_refined", "value": 1.0, "won": "11"},
        {**normed, "method": "taskgan_inverse_refined", "value": 0.5, "won": "10"},
        {**normed, "method": "fine_tuned", "value": 0.5, "won": "01"},
    ]
    found = {**results(), "rows": rows}
    first, normed_rows, second, paper_rows = success_table(found).split("\n\n")[:4]
    assert first == "**Instance norm in every task model**"
    assert second == "**The paper's task model, without a norm**"
    assert normed_rows.splitlines()[2:] == [
        "| source model fine-tuned on the target images | 50 % (50–50) |",
        "| **TaskGAN inverse, refined** | 50 % (50–50) |",
    ]
    assert paper_rows.splitlines()[2:] == [
        "| source model fine-tuned on the target images | 0 % (0–0) |",
        "| **TaskGAN inverse, refined** | 100 % (100–100) |",
    ]
    _, normed_minus, _, paper_minus = difference_table(found).split("\n\n")[:4]
    assert normed_minus.splitlines()[2].startswith("| source model fine-tuned on the target images | +0 (")
    assert paper_minus.splitlines()[2].startswith("| source model fine-tuned on the target images | +100 (")
    assert "| Inverse | 100 % (0–100) |" in regime_table(
        {**found, "rows": [{**r, "low": 0.0, "high": 1.0} for r in rows]}
    )


def test_rows_of_settings_that_have_changed_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PRESETS["quick"]
    row = {"domain": "target_c", "metric": "success", "n": 2, "seed": 0, "value": 0.5}
    rows = [
        {**row, **measured_with(with_task_norm(quick, norm), method), "method": method}
        for method in ("source_only", "fine_tuned")
        for norm in ("none", "instance")
    ]
    assert [r.get("task_norm") for r in rows] == [None, "instance"] * 2
    found = {**results(), "rows": rows}
    assert current(found, quick)["rows"] == rows
    longer = replace(quick.config, fine_tuning=replace(quick.config.fine_tuning, steps=9))
    assert current(found, replace(quick, config=longer))["rows"] == rows[:2]  # f_X is as it was
    more = replace(quick, starts=7)
    assert current(found, more)["rows"] == []


def test_regimes_have_the_seeds_intervals() -> None:
    found = results()
    row = {"domain": "target_a", "method": "source_paired", "metric": "success", "n": 100}
    values = ((0.8, 0.71, 0.87), (0.9, 0.83, 0.94), (1.0, 0.96, 1.0))
    found["rows"] = [
        {**row, "seed": seed, "value": value, "low": low, "high": high}
        for seed, (value, low, high) in enumerate(values)
    ]
    lines = regime_table(found).splitlines()
    assert lines[0] == "| regime | `target_a` |"
    assert lines[4] == "| Source + Paired | 90 % (71–100) |"
    assert lines[2] == "| Benchmark | – |"  # not run


def test_generalisation_sets_training_images_beside_unseen_ones() -> None:
    row = {"domain": "target_b", "method": "taskgan_inverse", "seed": 0}
    rows = [
        {**row, "metric": metric, "value": value}
        for metric, value in (
            ("held_out_mse", 0.05),
            ("train_mse", 0.02),
            ("pair_l1", 0.04),
            ("train_pair_l1", 0.03),
            ("cube_error", 1.24),
        )
    ]
    rows += [{**r, "seed": 1, "value": 3 * r["value"]} for r in rows]
    table = generalisation_table({**results(), "rows": rows}).splitlines()
    assert table[2] == "| task error of f_X(F(y)) | 0.040 / 0.100 |"
    assert table[3] == "| difference of F(y) from its true pair | 0.060 / 0.080 |"
    assert table[4].endswith("| – / – |")
    assert table[5].endswith("| – / 2.5 |")


def test_alignment_is_of_translators_and_shows_landmarks_where_there_are_any() -> None:
    row = {"domain": "target_b", "method": "taskgan_inverse", "seed": 0}
    measured = {"pair_l1": 0.03, "cube_error": 2.0, "tip_error": 32.0, "success": 1.0}
    rows = [{**row, "metric": metric, "value": value} for metric, value in measured.items()]
    rows += [{**r, "seed": 1, "value": r["value"] / 2} for r in rows]
    rows += [{**row, "method": "fine_tuned", "metric": "success", "value": 1.0}]
    rows += [{**r, "method": "taskgan_inverse_refined"} for r in rows if r["method"] == "taskgan_inverse"]
    rows += [{**row, "domain": "target_c", "method": "taskgan_forward", "metric": "pair_l1", "value": 0.1}]
    table = alignment_table({**results(), "rows": rows}).splitlines()
    assert table[0] == "| translator | `target_b` | `target_c` |"
    assert table[2].endswith("| 0.022; cube 1.5; tip 24.0 | – |")
    assert table[3].endswith("| – | 0.100 |")
    assert table[4] == ""


def test_minutes_are_rounded_and_say_on_what_machine() -> None:
    run = {"machine": {"cores": 2}, "commit": "abc"}
    rows = [
        {"experiment": name, "minutes": m, "provenance": run} for name, m in (("mico", 7.6), ("digits", 11.2))
    ]
    table = minutes_table({"rows": rows}).splitlines()
    assert table[2:4] == ["| `mico` | 8 |", "| `digits` | 11 |"]
    assert "2 cores. `python benchmarks/quick_presets.py`, commit abc." in table[-1]


def test_steps_are_compared_per_image_size():
    row = {"size": 64, "images_per_second": {"eager_float32": 98.9, "shipped": 194.1}}
    row |= {"ratio": {"median": 1.924, "low": 1.79, "high": 2.11}}
    rows = [
        row | {"largest_relative_difference_of_losses": 0.002},
        row | {"size": 128, "largest_relative_difference_of_losses": 0.0157},
    ]
    origin = {**PROVENANCE, "device": "cpu", "precision": "bf16-mixed"}
    table = step_table({"provenance": origin, "threads": 2, "rows": rows}).splitlines()
    assert table[2] == "| 64 px | 99 images/s | 194 images/s | 1.92 (1.79–2.11) |"
    assert table[3].startswith("| 128 px |")
    assert table[-1].startswith(
        "CPU, 2 threads, bf16-mixed, preset `quick`; losses of the first steps alike to 1.6 %"
    )


def test_cyclegan_s_table_has_both_clocks() -> None:
    def ratio(median: float) -> dict:
        spread = {"median": median, "low": median - 0.1, "high": median + 0.1}
        return {"ratios": {"shipped 32-true": {"reference": spread}}}

    seconds = {"reference": 1.378, "shipped 32-true": 1.2}
    row = {"size": 128, "batch": 1, "width": 32, "rounds": 9, "wall": ratio(1.2)}
    row["cpu"] = ratio(1.1) | {"seconds_per_step": seconds}
    origin = {**PROVENANCE, "device": "cpu", "load_before": 3.5}
    table = cyclegan_table({"provenance": origin, "threads": 1, "rows": [row]}).splitlines()
    assert table[2] == (
        "| 128 px, shipped 32-true beside reference | 1.20 (1.10–1.30) | 1.10 (1.00–1.20) | 1.38 → 1.20 s |"
    )
    assert table[-1].startswith("Times faster, medians of 9 steps in turn with their 10 to 90 % range. CPU, ")
    assert "batch 1, width 32; load before: 3.5." in table[-1]


def test_insert_replaces_what_is_between_the_markers_only():
    document = "before\n<!-- begin: t -->\nold\n<!-- end: t -->\nafter"
    assert insert(document, "t", "new") == "before\n<!-- begin: t -->\nnew\n<!-- end: t -->\nafter"
    with pytest.raises(CrossgapError, match="begin: u"):
        insert(document, "u", "new")


def test_documents_get_the_tables_whose_results_are_there(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    text = "".join(
        f"<!-- begin: taskgan-{p} -->\nold\n<!-- end: taskgan-{p} -->\n" for p in ("quick", "full")
    )
    document.write_text(text)
    (tmp_path / "results" / "taskgan").mkdir(parents=True)
    found = results(0.9)
    found["rows"] = [row | measured_with(PRESETS["quick"], row["method"]) for row in found["rows"]]
    (tmp_path / "results" / "taskgan" / "quick.json").write_text(json.dumps(found))
    update(document, tmp_path)
    quick, full = document.read_text().split("<!-- begin: taskgan-full -->")
    assert "90 % (90–90)" in quick
    assert full.startswith("\nold\n")


def test_the_micos_errors_by_number_of_images() -> None:
    def row(method: str, images: int, seed: int, value: float) -> dict[str, Any]:
        about = {"domain": "mico_target", "method": method, "images": images, "seed": seed}
        return {**about, "metric": "angle_l2", "value": value, "low": 0.0, "high": 1.0, "n": 1000}

    rows = [row("benchmark", 0, seed, 0.1 + 0.1 * seed) for seed in range(2)]
    rows += [row("target_only", images, 0, 1 / images) for images in (1, 10)]
    rows.append(row("canonical_taskgan", 10, 0, 0.5))
    lines = error_table({"rows": rows[::-1], "provenance": PROVENANCE}).splitlines()
    assert lines[0] == "| trained how | 1 | 10 |"
    assert lines[2] == "| Benchmark: f_X on source images | 0.150 (0.100–0.200) |  |"
    assert lines[3].startswith("| Normal: the target images alone | 1.000 (1.000–1.000) | 0.100")
    assert lines[4] == "| canonical TaskGAN (with randomized source images) | – | 0.500 (0.500–0.500) |"
    assert "mean of 2 seeds × 1,000 test images" in lines[-1]


def test_every_weight_has_a_line() -> None:
    def row(weight: float, metric: str, seed: int, value: float) -> dict[str, Any]:
        about = {"domain": "target_b", "method": "taskgan_inverse", "seed": seed, "metric": metric}
        return {**about, "task_weight": weight, "value": value, "low": None, "high": None, "n": 100}

    rows = [row(10.0, "held_out_mse", seed, 0.2 + 0.1 * seed) for seed in range(2)]
    rows += [row(0.0, "success", seed, 0.5 * seed) for seed in range(2)]
    lines = weight_table({"rows": rows, "provenance": PROVENANCE}).splitlines()
    assert lines[0].startswith("| look | λ_φ | task error of f_X(F(y)) |")
    assert lines[2:4] == [
        "| `target_b` | 0 | – | – | – | 25 % (0–50) |",
        "| `target_b` | 10 | 0.250 (0.200–0.300) | – | – | – |",
    ]
    assert lines[-1].startswith("Mean of 2 seeds")


def test_reaching_by_configuration_and_domain() -> None:
    def row(method: str, domain: str, seed: int, value: float, metric: str = "success") -> dict[str, Any]:
        about = {"domain": domain, "method": method, "seed": seed, "metric": metric}
        return {**about, "value": value, "low": 0.0, "high": 1.0, "n": 100}

    rows = [row("rl_only", "source", seed, 0.9) for seed in range(2)]
    rows += [row("best_goggles", "target_b", seed, 0.4 + 0.2 * seed) for seed in range(2)]
    rows += [row("best", "source", seed, 1.0) for seed in range(2)]
    rows += [row("best", "source", seed, 800 + 400 * seed, "steps_to_learn") for seed in range(2)]
    rows.append(row("rl_only", "source", 0, 1600, "steps_to_learn"))  # the other seed never did
    lines = reach_table({"rows": rows, "provenance": PROVENANCE}).splitlines()
    assert lines[0] == "| configuration | `source` | `target_b` | steps to 80 % |"
    assert lines[2] == "| `best` | 100 % (100–100) | – | 1,000 (800–1,200) |"
    assert lines[3] == "| `best_goggles` | – | 50 % (40–60) | – |"
    assert lines[4] == "| `rl_only` | 90 % (90–90) | – | – |"
    rows.append(row("best", "target_b", 0, 0.25) | {"goals": "fresh"})  # apart from the test goals
    lines = reach_table({"rows": rows, "provenance": PROVENANCE}).splitlines()
    assert lines[2:4] == [
        "| `best` | 100 % (100–100) | – | 1,000 (800–1,200) |",
        "| `best`, fresh goals | – | 25 % (25–25) |  |",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    relative = [link for link in links if "://" not in link]
    assert [link for link in relative if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_documents_tables_are_those_of_the_results(document: Path, tmp_path: Path) -> None:
    copy = tmp_path / document.name
    shutil.copy(document, copy)
    update(copy, ROOT)
    assert copy.read_text(encoding="utf-8") == document.read_text(encoding="utf-8"), "run `make tables`"


def test_figures_that_the_package_takes_along_are_those_of_the_results(tmp_path: Path) -> None:
    kept = tables.figures_kept()
    assert [path.name for path in kept] == ["seeds.json"]
    for path, (file, make) in kept.items():
        assert read_json(path) == make(read_json(ROOT / "results" / file)), "run `make tables`"


def test_a_verdict_says_what_seeds_vary_by(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds.json"
    seeds.write_text(
        '{"target_b": {"taskgan_inverse_refined": [0.97, 0.91, 0.95], "fine_tuned": [0.79, 0.89, 0.88]}}'
    )
    assert one_training("target_b", seeds) == (
        "This is one training: over 3 seeds of preset quick in target_b, refined TaskGAN had 91 to 97 % and "
        "fine-tuning had 79 to 89 %."
    )
    assert one_training("target_z", seeds) == "This is one training: another seed gives other figures."


@pytest.fixture
def is_alone(monkeypatch: pytest.MonkeyPatch):
    """`is_alone(module, function)`: the files that it wrote, each while no other process could."""

    def watch(namespace: object, name: str) -> list[Path]:
        write, written = getattr(namespace, name), []

        def watched(path: Path, value: object) -> None:
            with pytest.raises(Timeout):
                FileLock(lock_file(path), blocking=False).acquire()
            written.append(path)
            write(path, value)

        monkeypatch.setattr(namespace, name, watched)
        return written

    return watch


def test_two_do_not_add_to_one_file_at_once(is_alone, tmp_path: Path, monkeypatch) -> None:
    document, minutes = tmp_path / "a.md", tmp_path / "minutes.json"
    document.write_text("text")
    written = is_alone(tables, "write_text")
    tables.update(document, tmp_path)
    assert written == [document]
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    quick_presets = importlib.import_module("quick_presets")
    written = is_alone(quick_presets, "write_json")
    for experiment, value in (("mico", 1), ("taskgan", 2), ("mico", 3)):
        quick_presets.add({"experiment": experiment, "minutes": value}, minutes)
    assert written == [minutes] * 3
    rows = read_json(minutes)["rows"]
    assert [(row["experiment"], row["minutes"]) for row in rows] == [("taskgan", 2), ("mico", 3)]


def test_photographs_stand_beside_the_built_in_images() -> None:
    about = {"method": "fine_tuned", "seed": 0, "n": 4}
    success = {"metric": "success", "low": 0.1, "high": 0.9}
    rows = [
        about | success | {"domain": "photographs", "value": 0.5},
        about | success | {"domain": "built_in", "value": 0.75},
        about | {"domain": "photographs", "metric": "success_more_than_built_in", "value": -0.25,
                 "low": -0.5, "high": 0.01},
    ]  # fmt: skip
    text = photographs_table({"rows": rows, "provenance": {"command": "x", "commit": "abc"}})
    assert text.splitlines()[2].endswith("| 50 % | 75 % | -25 (-50 to +1) |")
    assert "4 starts, seed 0" in text


def test_latency_says_what_was_wanted() -> None:
    rows = [
        {"size": 64, "way": "torch", "p50_ms": 15.84, "p99_ms": 20.0, "cpu_ms": 15.0, "bar_ms": None},
        {"size": 64, "way": "int8", "p50_ms": 5.44, "p99_ms": 6.0, "cpu_ms": 5.0, "bar_ms": 6.0},
    ]
    origin = PROVENANCE | {"machine": {"processor": "a core"}, "load_before": 0.1}
    text = latency_table({"provenance": origin, "rows": rows})
    assert "| 64 px, torch | 15.8 ms | 20.0 ms | 15.0 ms |  |" in text
    assert "| 64 px, ONNX, 8 bits | 5.4 ms | 6.0 ms | 5.0 ms | 6 ms |" in text
    assert "a core" in text
    played = {"look": "target_b", "method": "taskgan_inverse", "n": 100}
    won = [played | {"way": "torch", "value": 0.9}, played | {"way": "int8", "value": 0.85}]
    results = {"provenance": origin, "rows": rows, "success": won, "success_provenance": origin}
    said = latency_table(results).splitlines()[-1]
    assert "`taskgan_inverse` in `target_b`, 100 starts: torch 90 %; ONNX, 8 bits 85 %." in said


def test_the_guard_s_table_has_mean_and_worst() -> None:
    row = {"look": "target_b", "fault": "blur", "auroc": 1.0, "caught": 0.9, "caught_at_1_percent": 1.0}
    rows = [row | {"seed": 0, "false_alarms": 0.0}, row | {"seed": 1, "auroc": 0.9, "false_alarms": 0.02}]
    text = guard_table({"provenance": PROVENANCE, "rows": rows})
    assert "| blur | 0.950 (0.900) | 100 % (100 %) | 90 % (90 %) |" in text
    assert "1.0 % (at most 2.0 %)" in text
