"""Methods on a toy world with a gap: the baseline must fail, TaskGAN must succeed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossgap.adapted import AdaptedModel
from crossgap.config import NetworkConfig, SupervisedConfig, TaskGANConfig, TranslatorConfig
from crossgap.data import LabelledImages
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error
from crossgap.methods.catalog import METHODS, Methods
from crossgap.training import Trainer

LEARN = TaskGANConfig(
    networks=NetworkConfig(8, 64, 8, 1, 8),
    source=SupervisedConfig(600, 32, 2e-3),
    target=SupervisedConfig(300, 16),
    translator=TranslatorConfig(300, 16, 1e-3),
    refinement=SupervisedConfig(150, 32, 1e-3),
)
TINY = TaskGANConfig(
    networks=NetworkConfig(4, 8, 4, 1, 4),
    source=SupervisedConfig(3, 4),
    target=SupervisedConfig(3, 4),
    translator=TranslatorConfig(3, 4),
    refinement=SupervisedConfig(3, 4),
)


def make_methods(folder: Path, toy, fabric, config: TaskGANConfig, n: int, **kwargs) -> Methods:
    trainer = Trainer(folder, fabric, quiet=True)
    return Methods(toy("source", n, 1), toy("target", n // 8, 2), config, trainer, **kwargs)


def test_source_only_fails_and_taskgan_succeeds(tmp_path: Path, toy, fabric) -> None:
    methods = make_methods(tmp_path, toy, fabric, LEARN, 1600)
    held_out = {domain: toy(domain, 200, 3) for domain in ("source", "target")}

    def error(method: str, domain: str) -> float:
        return offline_error(methods.get(method).predict, held_out[domain], methods.scale)["value"]

    assert error("source_only", "source") < 0.05  # it has learnt the task,
    assert error("source_only", "target") > 0.8  # and knows nothing across the gap
    assert error("taskgan_inverse", "target") < 0.1
    assert error("taskgan_inverse_refined", "target") < 0.08
