"""Figure 9."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from crossgap.experiments.taskgan.figures import REGIMES, regimes_plot


def rows(methods) -> list[dict]:
    return [
        {
            "domain": domain, "method": method, "seed": seed, "metric": "success",
            "value": 0.1 * index + 0.05 * seed, "low": 0.1 * index - 0.05,
            "high": 0.1 * index + 0.2, "n": 100,
        }
        for index, method in enumerate(methods)
        for domain in ("target_a", "target_b")
        for seed in (0, 1)
    ]  # fmt: skip


def test_every_regime_has_a_bar_of_its_own_colour(tmp_path: Path) -> None:
    path = regimes_plot(rows(REGIMES), tmp_path / "figure.png")
    assert path is not None
    found = {pixel for _, pixel in Image.open(path).convert("RGB").getcolors(1 << 20)}
    for _, colour in REGIMES.values():
        assert tuple(bytes.fromhex(colour[1:])) in found


def test_no_figure_of_half_the_regimes(tmp_path: Path) -> None:
    assert regimes_plot(rows(list(REGIMES)[:5]), tmp_path / "figure.png") is None
    assert not list(tmp_path.iterdir())
