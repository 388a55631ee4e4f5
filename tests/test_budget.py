"""The label budget: on the built-in robot and on folders, from nothing and again; its plot and its tables."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from crossgap.base.files import remove
from crossgap.commands.budget import budget_on_folders, default_counts
from crossgap.commands.options import BudgetOptions
from crossgap.data import LabelledImages, read_folder, write_folder
from crossgap.data.overlap import count_seen
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError, find
from crossgap.experiments.budget.figures import ERROR, SUCCESS, plot
from crossgap.experiments.budget.presets import BUDGET_METHODS, BUDGET_PRESETS
from crossgap.experiments.budget.tables import budget_table
from crossgap.experiments.budget.trial import BudgetTrial, TargetSubset, check_methods
from crossgap.experiments.engine.markdown import having
from crossgap.experiments.engine.schema import check_results
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig, TranslatorConfig
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.report import plots
from reproduced import reproduced

TINY = TaskGANConfig(
    networks=NetworkConfig(4, 16, 4, 1, 4),
    source=SupervisedConfig(3, 8), target=SupervisedConfig(3, 8), fine_tuning=SupervisedConfig(3, 8),
    randomization=SupervisedConfig(3, 8), randomized_fine_tuning=SupervisedConfig(3, 8),
    translator=TranslatorConfig(3, 4), canonical=TranslatorConfig(3, 4), refinement=SupervisedConfig(3, 8),
    translated_images=8,
)  # fmt: skip


def row(images: int, spread: str, value: float, seed: int = 0, **more) -> dict:
    return {
        "domain": "target_b", "method": "fine_tuned", "images": images, "spread": spread, "episodes": images,
        "seed": seed, "metric": "success", "value": value, "low": value - 0.1, "high": value + 0.1, "n": 100,
    } | more  # fmt: skip


def weights(run: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in run.rglob("*.safetensors")}


def test_presets_have_the_numbers_of_the_issue() -> None:
    assert BUDGET_PRESETS["full"].counts == (0, 10, 25, 50, 80, 100, 200, 400, 800)
    assert BUDGET_PRESETS["paper"].counts == BUDGET_PRESETS["full"].counts
    assert BUDGET_PRESETS["quick"].looks == ("target_b",)
    for preset in BUDGET_PRESETS.values():
        assert max(preset.counts) == preset.base.target_episodes * preset.base.steps
        assert check_methods(preset.methods) == BUDGET_METHODS
    with pytest.raises(CrossgapError, match=r"Preset 'huge' not found\. Available: full, paper, quick"):
        find("Preset", "huge", BUDGET_PRESETS)


@pytest.mark.parametrize("method", ["oracle", "source_only", "plain_gan", "taskgan_forward", "nothing"])
def test_methods_without_a_label_budget(method: str) -> None:
    wrong = "not found" if method == "nothing" else "has no label budget here: it learns from no labelled"
    with pytest.raises(CrossgapError, match=f"'{method}' {wrong}.*Available: .*fine_tuned"):
        check_methods(["target_only", method])


def test_the_arm_has_no_settings_for_dann(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match=r"No preset has settings for 'dann_labelled' here"):
        reproduced("budget", 1, tmp_path / "run", tmp_path, methods=("dann_labelled",))
    assert not (tmp_path / "run").exists()
    assert check_methods(["dann_labelled"]) == ("dann_labelled",)  # own data


def test_the_experiment_from_nothing_to_results_and_again(tmp_path: Path, monkeypatch, fabric) -> None:
    base = replace(BUDGET_PRESETS["smoke"].base, config=TINY, starts=2, episode_steps=2)
    tiny = replace(BUDGET_PRESETS["smoke"], base=base, methods=("taskgan_inverse_refined",))
    monkeypatch.setitem(BUDGET_PRESETS, "smoke", tiny)

    def reproduce(name: str, counts: tuple[int, ...] | None = None) -> Path:
        return reproduced("budget", 1, tmp_path / "run", tmp_path / name, counts=counts)

    path = reproduce("first")
    rows = json.loads(path.read_text())["rows"]
    success = {(r["method"], r["images"], r["spread"]): r for r in rows if r["metric"] == "success"}
    expected = {(method, n) for method in tiny.methods for n in (12, 48)} | {("source_only", 0)}
    assert set(success) == {(*key, spread) for key in expected for spread in ("images", "episodes")}
    check_results(path)
    assert {len(row["won"]) for row in success.values()} == {base.starts}
    assert {key[1:]: r["episodes"] for key, r in success.items()} == {
        (0, "images"): 0, (0, "episodes"): 0, (12, "images"): 6, (12, "episodes"): 2,
        (48, "images"): 6, (48, "episodes"): 6,
    }  # fmt: skip
    look = tmp_path / "run" / "seed_0" / "target_b"
    assert sorted(folder.name for folder in look.iterdir()) == [
        "data", "episodes_00012", "evaluation", "images_00012", "images_00048",
    ]  # fmt: skip
    models = weights(tmp_path / "run")
    assert len([file for file in models if file.parent.name == "source_only"]) == 1
    assert Image.open(path.with_name("smoke_no_norm.png")).size[0] > 500
    assert json.loads(reproduce("second").read_text())["rows"] == rows
    assert weights(tmp_path / "run") == models
    more = json.loads(reproduce("first", (20,)).read_text())["rows"]  # a number added later
    assert [row for row in more if row["images"] != 20] == rows
    assert {row["spread"] for row in more if row["images"] == 20} == {"images", "episodes"}
    with pytest.raises(CrossgapError, match="--counts must be from 0 to 48"):
        reproduce("first", (49,))

    experiment = BudgetTrial(tmp_path / "run", tiny, "target_b", 0, fabric, quiet=True)
    whole, budget = experiment.whole, experiment.budgets[3]
    subset = TargetSubset(whole, budget, tiny.methods)
    assert (budget.images, budget.spread, len(subset.target)) == (12, "episodes", 12)
    np.testing.assert_array_equal(subset.target.images, whole.target.images[budget.rows])
    assert len(np.unique(subset.target.episodes)) == 2
    rest = subset.extra("unlabelled")
    np.testing.assert_array_equal(rest.images, whole.target.images)
    assert rest.labels.shape == (48, 0)
    assert rest.label_names == ()
    assert subset.source is whole.source
    assert subset.held_out is whole.held_out


@pytest.fixture
def folders(tmp_path: Path, toy) -> tuple[Path, Path]:
    """A source of 16 images, and a target of 4 episodes of 4 images."""
    source, target = toy("source", 16, 0), toy("target", 16, 1)
    write_folder(tmp_path / "source", source)
    write_folder(tmp_path / "target", replace(target, episodes=np.arange(16) // 4))
    return tmp_path / "source", tmp_path / "target"


def own(
    folders: tuple[Path, Path], output: Path, counts: tuple[int, ...] | None, held_out: float = 0.5,
    methods: tuple[str, ...] = BUDGET_METHODS, spread: Any = "both", randomized: Path | None = None,
    classes: int | None = None, unlabelled: Path | None = None,
) -> list[dict]:  # fmt: skip
    options = BudgetOptions(
        *folders, output, classes=classes, device="cpu", precision="32-true", methods=methods, counts=counts,
        spread=spread, held_out=held_out, unlabelled=unlabelled, randomized=randomized,
    )  # fmt: skip
    path = budget_on_folders(options, TINY)
    return json.loads(path.read_text())["rows"]


def test_own_folders_from_nothing_and_again_with_more(folders, tmp_path: Path, capsys) -> None:
    rows = own(folders, tmp_path / "run", (0, 2, 8))
    found = {(r["method"], r["images"], r["spread"]): r for r in rows}
    assert len(found) == len(rows) == 2 * (1 + 2 * len(BUDGET_METHODS))
    assert {r["n"] for r in rows} == {2}  # held-out episodes
    assert {r["metric"] for r in rows} == {"held_out_mse"}
    assert found["fine_tuned", 2, "images"]["episodes"] == 2
    assert found["fine_tuned", 2, "episodes"]["episodes"] == 1
    assert found["fine_tuned", 8, "images"]["value"] == found["fine_tuned", 8, "episodes"]["value"]
    assert all(np.isfinite([r["low"], r["value"], r["high"]]).all() for r in rows)
    assert Image.open(tmp_path / "run" / "budget.png").size[0] > 500
    printed = capsys.readouterr().err
    assert "2 episodes; with 95 % interval" in " ".join(printed.split())
    assert "2 labelled target images: whole episodes (1): fine_tuned" in printed
    assert "taskgan" in printed
    models = weights(tmp_path / "run")
    more = own(folders, tmp_path / "run", (2, 4), methods=("fine_tuned",), spread="images")
    assert [r for r in more if r["images"] != 4] == [
        *(r for r in rows if r != found["fine_tuned", 2, "images"]),
        found["fine_tuned", 2, "images"],
    ]
    assert [(r["method"], r["spread"]) for r in more if r["images"] == 4] == [("fine_tuned", "images")]
    new = weights(tmp_path / "run")
    assert {file: new[file] for file in models} == models
    assert {file.relative_to(tmp_path / "run").parts[0] for file in set(new) - set(models)} == {
        "images_00004"
    }


def test_moved_folders_are_the_same_and_a_retrained_model_is_evaluated_anew(folders, tmp_path: Path) -> None:
    run, few = tmp_path / "run", {"methods": ("target_only",), "spread": "images"}
    first = own(folders, run, (2,), **few)
    assert not any("threads" in row for row in first)  # the run's own
    moved = [folder.rename(tmp_path / f"moved_{folder.name}") for folder in folders]
    assert own(moved, run, (2,), **few) == first
    assert [path.name for path in run.glob("budget*.json")] == ["budget.json"]  # nothing put aside
    saved = run / "images_00002" / "models" / "target_only"
    model = AdaptedModel.load(saved)
    torch.nn.init.constant_(model.task_model.head.bias, 5)
    model.made_of["threads"] = 7
    model.save(saved)
    (again,) = own(moved, run, (2,), **few)
    assert again["value"] > first[0]["value"] + 5
    assert again["threads"] == 7


def test_images_beyond_the_budget_can_join_without_their_labels(folders, tmp_path: Path, monkeypatch) -> None:
    seen = []

    class Spy(TaskGAN):
        def training_step(self, step: int) -> dict:
            unlabelled = len(self.unlabelled.images) if self.unlabelled else 0
            seen.append([len(self.inputs.images), unlabelled, self.supervise_real])
            return super().training_step(step)

    monkeypatch.setattr("crossgap.methods.taskgan.recipes.TaskGAN", Spy)
    own(
        folders,
        tmp_path / "run",
        (2,),
        methods=(
            "taskgan_inverse",
            "taskgan_inverse_unlabelled",
            "source_supervised_taskgan",
            "source_supervised_taskgan_unlabelled",
        ),
        spread="images",
    )
    trained = [about for about, _ in itertools.groupby(seen)]
    assert trained == [[2, 0, False], [2, 8, False], [2, 0, True], [2, 8, True]]


def test_further_images_without_labels_join(folders, tmp_path: Path, toy, monkeypatch, capsys) -> None:
    seen = set()

    class Spy(TaskGAN):
        def training_step(self, step: int) -> dict:
            seen.add(len(self.unlabelled.images) if self.unlabelled else 0)
            return super().training_step(step)

    monkeypatch.setattr("crossgap.methods.taskgan.recipes.TaskGAN", Spy)
    write_folder(tmp_path / "more", toy("target", 20, 5))
    (tmp_path / "more" / "all").symlink_to(folders[1] / "images")  # without rows
    own(folders, tmp_path / "run", (2,), methods=("taskgan_inverse_unlabelled",), spread="images",
        unlabelled=tmp_path / "more")  # fmt: skip
    assert seen == {8 + 20 + 8}  # beside the target images that are not held out, and without those that are
    words = " ".join(capsys.readouterr().err.split())
    assert "--unlabelled: 8 of its images are held out for the test: left out" in words
    images = read_folder(folders[1])
    assert count_seen(tmp_path / "run", images) == 8


def test_classes_have_an_error_rate(folders, tmp_path: Path, capsys) -> None:
    for folder in folders:
        data = read_folder(folder)
        remove(folder)
        write_folder(folder, replace(data, labels=np.arange(16)[:, None] % 2, label_names=("digit",)))
    rows = own(folders, tmp_path / "run", (0, 4), methods=("target_only",), spread="images", classes=2)
    assert [(r["metric"], r["method"]) for r in rows] == [
        ("held_out_error", "source_only"), ("held_out_error", "target_only"),
    ]  # fmt: skip
    assert all(0 <= r["low"] <= r["value"] <= r["high"] <= 1 for r in rows)
    assert "Error rate on held-out images" in capsys.readouterr().err
    assert Image.open(tmp_path / "run" / "budget.png").size[0] > 500


def test_randomized_source_images_join_where_there_are_some(folders, tmp_path: Path, toy) -> None:
    run, method = tmp_path / "run", ("canonical_taskgan",)
    with pytest.raises(CrossgapError, match=r"needs source images with a new random look .*\(--randomized\)"):
        own(folders, run, (2,), methods=method)
    write_folder(tmp_path / "few", toy("source", 8, 0))
    with pytest.raises(CrossgapError, match=r"16.*8|8.*16"):
        own(folders, run, (2,), methods=method, randomized=tmp_path / "few")
    assert not run.exists()
    write_folder(
        tmp_path / "randomized", replace(source := read_folder(folders[0]), images=255 - source.images)
    )
    rows = own(folders, run, (2,), methods=method, spread="images", randomized=tmp_path / "randomized")
    assert [(r["method"], r["images"]) for r in rows] == [("canonical_taskgan", 2)]
    assert (run / "source" / "models" / "rcan").is_dir()


def test_bad_input_leaves_nothing_behind(folders, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for counts, held_out, message in (
        ((2, 9), 0.5, "from 0 to 8, .* got 9"),
        ((2,), 0.9, "4 of the target's 4 episodes"),
        ((2,), 1.0, "below 1; got 1"),
    ):
        with pytest.raises(CrossgapError, match=message):
            own(folders, run, counts, held_out)
    with pytest.raises(CrossgapError, match="'oracle' has no label budget here"):
        own(folders, run, (2,), methods=("oracle",))
    unlabelled = LabelledImages(np.zeros((4, 24, 24, 3), np.uint8), np.zeros((4, 0)), (), np.arange(4))
    write_folder(tmp_path / "unlabelled", unlabelled)
    with pytest.raises(CrossgapError, match="needs labelled target images"):
        own((folders[0], tmp_path / "unlabelled"), run, (2,))
    assert not run.exists()


def test_a_method_that_needs_more_joins_a_run_that_had_none(folders, tmp_path: Path) -> None:
    source = read_folder(folders[0])
    write_folder(tmp_path / "randomized", replace(source, images=255 - source.images))
    write_folder(tmp_path / "others", replace(source, images=source.images // 2))
    own(folders, tmp_path / "run", (2,), methods=("target_only",), spread="images")
    more = {"methods": ("randomized_fine_tuned",), "spread": "images"}
    rows = own(folders, tmp_path / "run", (2,), randomized=tmp_path / "randomized", **more)
    assert {row["method"] for row in rows} == {"target_only", "randomized_fine_tuned"}
    own(folders, tmp_path / "run", (2,), methods=("fine_tuned",), spread="images")  # which needs it not
    with pytest.raises(CrossgapError, match=r"another run: randomized is .*/randomized .* there, .*/others "):
        own(folders, tmp_path / "run", (2,), randomized=tmp_path / "others", **more)


def test_few_held_out_episodes_are_said_to_be_few(folders, tmp_path: Path, capsys) -> None:
    own(folders, tmp_path / "run", (0,))
    assert "2 held-out episodes say little" in capsys.readouterr().err


def test_another_run_s_folder(folders, tmp_path: Path) -> None:
    own(folders, tmp_path / "run", (0,))
    with pytest.raises(CrossgapError, match=r"held_out is 0\.5 there, 0\.6 here"):
        own(folders, tmp_path / "run", (0,), held_out=0.6)


def test_default_counts_end_with_all_there_is() -> None:
    assert default_counts(600) == (0, 10, 25, 50, 80, 100, 200, 400, 600)
    assert default_counts(405) == (0, 10, 25, 50, 80, 100, 200, 405)
    assert default_counts(5) == (0, 5)


def test_points_are_means_over_seeds_between_the_outer_ends_of_their_intervals() -> None:
    rows = [row(10, "images", 0.2), row(10, "images", 0.4, seed=1), row(50, "images", 0.5)]
    rows += [row(10, "episodes", 0.9), row(10, "images", 0.9, method="target_only")]
    of_line = {"metric": "success", "domain": "target_b", "method": "fine_tuned", "spread": "images"}
    found = plots.line(having(rows, **of_line), "images")
    assert found[0].tolist() == [10, 50]
    assert found[:, 0] == pytest.approx([10, 0.3, 0.1, 0.5])
    assert plots.line([], "images").size == 0


@pytest.mark.parametrize("measure", [SUCCESS, ERROR])
def test_the_plot_takes_one_number_several_domains_and_intervals_below_zero(tmp_path, measure) -> None:
    start = row(0, "images", 0.05, method="source_only", metric=measure.metric)
    for rows in (
        [row(10, "images", 0.05, metric=measure.metric)],
        [start, start | {"domain": "target_c"}, row(9, "images", 0.5, metric=measure.metric)],
    ):
        assert Image.open(plot(rows, measure, tmp_path / "plot.png")).size[1] == 720


@pytest.mark.parametrize(
    ("domains", "size"),
    [("a", (960, 720)), ("ab", (1560, 720)), ("abc", (1560, 1305)), ("abcd", (1560, 1305))],
)
def test_the_plot_has_two_domains_in_a_row(tmp_path, domains, size) -> None:
    rows = [row(10, "images", 0.5) | {"domain": f"target_{domain}"} for domain in domains]
    assert Image.open(plot(rows, SUCCESS, tmp_path / "plot.png")).size == size


def test_the_table_has_a_line_per_budget_and_one_where_both_kinds_agree() -> None:
    rows = [row(10, "images", 0.4, seed=seed, episodes=10) for seed in range(2)]
    rows += [row(10, "episodes", 0.2 * seed, seed=seed, episodes=1) for seed in range(2)]
    rows += [row(20, spread, 0.7, episodes=10) for spread in ("images", "episodes")]
    origin = {"preset": "quick", "command": "crossgap x", "commit": "abc"}
    table = budget_table({"provenance": origin, "rows": rows}).splitlines()
    assert table[0] == "In `target_b`:"
    assert table[4] == "| 10 | 10 | spread | 40 % (40–40) |"
    assert table[5] == "| 10 | 1 | whole | 10 % (0–20) |"
    assert table[6] == "| 20 | 10 | either | 70 % (70–70) |"
    assert "mean of 2 seeds × 100 starts" in table[-1]
