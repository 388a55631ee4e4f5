"""The table of labels: which rows it takes, what counts as a GAN, and how far the best one is ahead."""

from __future__ import annotations

from typing import Any

import pytest

from crossgap.experiments.budget.headline import best_table, headline_table, with_a_gan
from crossgap.experiments.taskgan.presets import PRESETS, measured_with, with_task_norm

QUICK = PRESETS["quick"]
PAPER = with_task_norm(QUICK, "none")
PROVENANCE = {"preset": "quick", "command": "crossgap x", "commit": "abc"}


def row(method: str, won: str, domain: str = "target_b", preset=QUICK, **more: Any) -> dict[str, Any]:
    found = {"domain": domain, "method": method, "seed": 0, "metric": "success", "n": len(won), "won": won}
    return found | {"value": won.count("1") / len(won)} | measured_with(preset, method) | more


def results(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"provenance": PROVENANCE, "rows": list(rows)}


WHOLE = results(
    row("source_only", "0000"), row("source_supervised_gan", "1100"), row("fine_tuned", "1110"),
    row("taskgan_inverse_refined", "1111"), row("oracle", "1111"), row("fine_tuned", "0000", preset=PAPER),
    row("task_loss_only_refined", "0001"),
    row("fine_tuned", "1111", "target_pbr"), row("fine_tuned", "1111", settings="of other steps"),
)  # fmt: skip
FEW = results(
    row("fine_tuned", "1000", images=80, spread="images"),
    row("fine_tuned", "1111", images=80, spread="episodes"),
    row("fine_tuned", "1111", images=100, spread="images"),
    row("taskgan_inverse_refined", "0111", "target_d", images=80, spread="images"),
)


def test_rows_are_of_the_preset_s_norm_and_settings_and_of_80_spread_labels() -> None:
    lines = headline_table(WHOLE, FEW).splitlines()
    assert lines[0] == "| labels | trained how | `target_b` | `target_d` |"
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:9]] == [
        "none", "none", "80", "80", "800", "800", "800",
    ]  # fmt: skip
    tuned = "source model fine-tuned on the target images"
    assert lines[2] == "| none | source only | 0 % (0–0) | – |"
    assert lines[4] == f"| 80 | {tuned} | 25 % (25–25) | – |"
    assert lines[6] == f"| 800 | {tuned} | 75 % (75–75) | – |"
    assert "oracle" not in headline_table(WHOLE, FEW)


def test_the_best_with_a_gan_stands_beside_the_best_without() -> None:
    lines = best_table(WHOLE, FEW).splitlines()[2:4]
    none, many = (line.strip("| ").split(" | ") for line in lines)
    assert none[:2] == ["none", "`target_b`"]
    assert none[2] == "0 %, source only"
    assert none[3].startswith("50 %, inverse GAN supervised on the source")
    assert none[4].startswith("+50 (")
    assert many[2] == "75 %, source model fine-tuned on the target images"
    assert many[3] == "100 %, TaskGAN inverse, refined"
    assert many[4].startswith("+25 (")


@pytest.mark.parametrize(
    ("method", "gan"),
    [
        ("fine_tuned", False), ("co_trained", False), ("optimal_transport", False), ("target_only", False),
        ("task_loss_only_refined", False), ("source_supervised_task_loss_only_refined", False),
        ("taskgan_inverse", True), ("source_supervised_gan", True), ("rcan", True), ("cut", True),
    ],
)  # fmt: skip
def test_what_an_adversary_has_trained(method: str, gan: bool) -> None:
    assert with_a_gan(method) == gan
