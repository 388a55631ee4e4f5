"""`crossgap reproduce taskgan`: looks and seeds at the same time, and methods that are added to a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.commands.report import report_again
from crossgap.core.fabric import make_fabric
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.experiment import Where
from crossgap.experiments.engine.reproduce import reproduce
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.experiments.taskgan.trial import PICTURED, TaskGANTrial


def test_two_looks_two_workers_and_a_method_added_later(tmp_path: Path, monkeypatch, capsys) -> None:
    tiny = replace(
        PRESETS["smoke"], source_episodes=8, target_episodes=3, steps=4, starts=2, episode_steps=2,
        target_perturbation=0.1,
    )  # fmt: skip
    monkeypatch.setitem(PRESETS, "smoke", tiny)
    where = Where(tmp_path / "run", tmp_path / "results", 1, "cpu", "32-true")
    results = tmp_path / "results" / "taskgan"

    def rows(
        methods: tuple[str, ...], workers: int, looks: tuple[str, ...] = ("target_a", "target_b")
    ) -> list[dict]:
        given = {"looks": looks, "methods": methods}
        path = reproduce("taskgan", "smoke", 2, replace(where, workers=workers), **given)
        return json.loads(path.read_text())["rows"]

    first = rows(("target_only", "target_only"), 2, ("target_a", "target_b", "target_a"))
    assert len(first) == len({(r["domain"], r["seed"], r["method"], r["metric"]) for r in first})
    assert {(row["domain"], row["seed"], row["method"]) for row in first} == {
        (look, seed, "target_only") for look in ("target_a", "target_b") for seed in (0, 1)
    }
    both = rows(("source_only",), 1)
    assert [row for row in both if row["method"] == "target_only"] == first
    assert {row["method"] for row in both} == {"target_only", "source_only"}
    more = rows(("source_only",), 1, ("target_c",))  # and a look
    assert [row for row in more if row["domain"] != "target_c"] == both
    assert {row["method"] for row in more if row["domain"] == "target_c"} == {"source_only"}
    more_seeds = {"looks": ("target_a",), "methods": ("target_only",)}
    path = reproduce("taskgan", "smoke", 3, where, **more_seeds)
    seeds = {row["seed"] for row in json.loads(path.read_text())["rows"] if row["domain"] == "target_a"}
    assert seeds == {0, 1, 2}
    with pytest.raises(CrossgapError, match=r"Seed of this run '3' not found\. Available: 0, 1, 2"):
        report_again(tmp_path / "run", "target_a", 3, None)
    with pytest.raises(
        CrossgapError, match=r"Look of this run 'target_d' not found\. Available: target_a, target_b"
    ):
        report_again(tmp_path / "run", "target_d", 0, None)
    with pytest.raises(CrossgapError, match=r"not finished: no method .* evaluated in target_c, seed 2"):
        report_again(tmp_path / "run", "target_c", 2, None)
    page = report_again(tmp_path / "run", "target_c", 1, None).read_text()  # what there is of it
    assert "Source only" in page
    assert 'AdaptedModel.load("seed_1/source/models/source_only")' in page.replace("&#34;", '"')
    said = capsys.readouterr().err
    assert f"Model: {tmp_path / 'run/seed_1/source/models/source_only'}\n" in said
    assert "2 starts in target_c" in said
    assert "source_only --look target_b --gain 0.2\n" in said
    assert "Target only" not in page
    assert "What the translator makes" not in page
    with pytest.raises(CrossgapError, match=r"--picture: no translator .* in target_b, seed 1"):
        report_again(tmp_path / "run", "target_b", 1, tmp_path / "picture.png")
    assert not list(results.glob("smoke_target_*.png"))  # no translator, no drawings
    rows(("plain_gan", "source_supervised_gan", "plain_gan_forward"), 1, ("target_b",))
    assert Image.open(results / "smoke_target_b.png").size[0] > 100
    page = report_again(tmp_path / "run", "target_b", 1, tmp_path / "picture.png").read_text()
    assert "Translated by plain gan" in page
    assert Image.open(tmp_path / "picture.png").size[0] > 100
    experiment = TaskGANTrial(tmp_path / "run", tiny, "target_b", 0, make_fabric("cpu", "32-true"), True)
    labels = ["held-out target image y", "F(y), plain GAN (λ = 0)", "true pair in the source"]
    assert Image.open(results / "smoke_target_b_others.png").size[0] > 100
    pictures = experiment.pictures(count=3)
    assert list(pictures) == labels
    others = [labels[0], "F(y), inverse GAN supervised on the source, no target labels", labels[2]]
    assert list(experiment.pictures(PICTURED["_others"], count=3)) == others
    forward = experiment.pictures(PICTURED["_forward"], count=3)
    assert list(forward) == [
        "held-out source image x", "G(x), plain GAN forward (λ = 0)", "true pair in the target",
    ]  # fmt: skip
    x, _, true = forward.values()
    np.testing.assert_array_equal(x, pictures[labels[2]])
    np.testing.assert_array_equal(true, pictures[labels[0]])
    assert {images.shape for images in pictures.values()} == {(3, tiny.size, tiny.size, 3)}
    np.testing.assert_array_equal(pictures[labels[0]][0], experiment.held_out.images[0])
    np.testing.assert_array_equal(pictures[labels[2]][-1], experiment.held_out_pairs.images[-1])
    # what the looks of a seed share was made once
    shared = tmp_path / "run" / "seed_1" / "source"
    assert sorted(path.name for path in (shared / "models").glob("[!.]*")) == ["source_only"]
    assert not (tmp_path / "run" / "seed_1" / "target_b" / "models" / "source_only").exists()
    # the few target demonstrations leave the path, as the preset says
    about = json.loads((tmp_path / "run/seed_0/target_b/data/target/dataset.json").read_text())
    assert about["perturbation"] == 0.1
    # another norm in the task model: rows beside the others, of a run of its own
    before = json.loads((results / "smoke.json").read_text())["rows"]
    path = reproduce(
        "taskgan", "smoke", 1, replace(where, output=tmp_path / "normed"), looks=("target_b",),
        methods=("target_only",), task_norm="instance",
    )  # fmt: skip
    after = json.loads(path.read_text())["rows"]
    assert after[: len(before)] == before
    assert {row.get("task_norm") for row in after[len(before) :]} == {"instance"}
    model = AdaptedModel.load(tmp_path / "normed" / "seed_0" / "target_b" / "models" / "target_only")
    assert "InstanceNorm" in str(model.task_model)


def test_a_look_or_method_that_does_not_exist(tmp_path: Path) -> None:
    where = Where(tmp_path / "run", tmp_path / "results", 1, "cpu", "32-true")
    with pytest.raises(CrossgapError, match=r"Target look 'target_z' not found"):
        reproduce("taskgan", "smoke", 1, where, looks=("target_z",))
    with pytest.raises(CrossgapError, match=r"Method of this experiment 'magic' not found"):
        reproduce("taskgan", "smoke", 1, where, looks=("target_a",), methods=("magic",))
    assert not (tmp_path / "run").exists()
