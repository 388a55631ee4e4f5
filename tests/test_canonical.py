"""The translator that also learns from randomized source images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crossgap.core.trainer import Trainer
from crossgap.errors import CrossgapError
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.methods.canonical_taskgan.phase import CanonicalTaskGAN
from crossgap.methods.canonical_taskgan.recipes import near_the_target
from crossgap.methods.methods import Methods

TINY = PRESETS["smoke"].config


def methods(toy, fabric, folder: Path, randomized) -> Methods:
    config = replace(TINY, translator=replace(TINY.translator, steps=1))
    return Methods(
        toy("source", 32, 1), toy("target", 16, 2), config, Trainer(folder, fabric, quiet=True),
        extra={"randomized_per_frame": lambda: randomized},
    )  # fmt: skip


def test_a_randomized_image_is_seen_beside_its_own_source_image(toy, fabric, tmp_path: Path, monkeypatch):
    seen = {}
    monkeypatch.setattr(CanonicalTaskGAN, "training_step", lambda phase, step: seen.update(phase=phase) or {})
    source = toy("source", 32, 1)
    methods(toy, fabric, tmp_path, replace(source, images=255 - source.images)).get("canonical_taskgan")
    for step in range(12):
        (x_r, label_r), (x, label) = seen["phase"].randomized(step), seen["phase"].canonical(step)
        torch.testing.assert_close(x_r, -x)
        torch.testing.assert_close(label_r, label)


def test_other_images_than_the_source_s_are_refused(toy, fabric, tmp_path: Path) -> None:
    for wrong in (toy("source", 31, 1), toy("source", 32, 5)):
        with pytest.raises(CrossgapError, match="every source image once more"):
            methods(toy, fabric, tmp_path, wrong).get("canonical_taskgan")


def test_it_learns_what_no_target_image_shows(toy, fabric, tmp_path: Path) -> None:
    """The target's own looks as randomization: F learns from them what 8 target images without labels do
    not tell."""
    config = replace(
        TINY,
        source=replace(TINY.source, steps=300, learning_rate=3e-3),
        translator=replace(TINY.translator, steps=200, batch=8, learning_rate=1e-3),
    )
    source, randomized = toy("source", 256, 1), toy("target", 256, 1)
    found = Methods(
        source, toy("target", 8, 2), config, Trainer(tmp_path, fabric, quiet=True),
        extra={"randomized_per_frame": lambda: randomized},
    )  # fmt: skip
    test = toy("target", 64, 3)

    def error(method: str) -> float:
        predicted = found.get(method).predict(test.images)
        return float(np.abs(predicted - test.labels).mean())

    assert error("canonical_taskgan_unlabelled") < 0.6 * error("source_only")


def test_source_images_near_the_target_s_labels_are_drawn(toy, fabric, tmp_path: Path) -> None:
    source, target = toy("source", 400, 1), toy("target", 40, 2)
    corner = target.select(np.flatnonzero((target.labels < 11).all(1)))  # of 5 to 19
    found = Methods(
        source, corner, replace(TINY, translated_images=2000), Trainer(tmp_path, fabric, quiet=True)
    )
    rows = near_the_target(found)
    assert len(rows) == 2000
    distance = np.linalg.norm(source.labels[:, None] - corner.labels[None], axis=2).min(1)
    scaled = distance / found.scale.spread[0]  # both labels spread alike
    expected = np.exp(-np.square(scaled) / 2)
    drawn = np.bincount(rows, minlength=400) / len(rows)
    near, far = scaled < 0.5, scaled > 2
    assert drawn[near].sum() == pytest.approx(expected[near].sum() / expected.sum(), abs=0.05)
    assert drawn[far].sum() < 0.5 * far.mean()


def test_rcan_sees_no_target_image_and_is_what_canonical_begins_with(toy, fabric, tmp_path: Path) -> None:
    source, randomized = toy("source", 32, 1), toy("target", 32, 1)

    def made(seed: int) -> Methods:
        trainers = (Trainer(tmp_path / name, fabric, quiet=True) for name in (f"target_{seed}", "source"))
        still = replace(TINY, translator=replace(TINY.translator, learning_rate=1e-12))
        return Methods(
            source, toy("target", 8, seed), still,
            next(trainers), next(trainers), {"randomized_per_frame": lambda: randomized},
        )  # fmt: skip

    images = toy("target", 4, 9).images
    first = made(2).get("rcan").translate(images)
    saved = tmp_path / "source" / "models" / "rcan" / "translator.safetensors"
    written = saved.stat().st_mtime_ns
    np.testing.assert_array_equal(made(3).get("rcan").translate(images), first)
    assert saved.stat().st_mtime_ns == written  # shared by all targets
    begun = made(3).get("canonical_taskgan").translate(images)  # with a rate of nothing it stays
    np.testing.assert_allclose(begun.astype(int), first.astype(int), atol=1)
