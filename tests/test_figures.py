"""Plots are of results files alone, and are those that the files give now."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.core.results import add_results
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.figures import redraw

RESULTS = Path(__file__).parents[1] / "results"
OF_MODELS = (
    "taskgan/*_target_*", "digits/*_mnist_m", "digits/*_scanned_digits", "imaging/*", "mico/*_pictures",
    "mico/*_others", "rl_cyclegan/*_target*", "rl_cyclegan/*_few*", "task_weight/*_pictures",
    "xarm7/*_regions", "xarm7/*_distances", "goggles/*_target_*", "goggles/*_camera_far",
)  # fmt: skip
"""Pictures of what models draw, and of where single episodes end: nothing of them is in a results file."""


def committed() -> set[str]:
    listed = subprocess.run(["git", "ls-files", "*.png"], cwd=RESULTS, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no checkout")
    return set(listed.stdout.split())


def test_every_plot_is_drawn_anew_from_its_results_alone(tmp_path: Path) -> None:
    for path in RESULTS.glob("*/*.json"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name)
    drawn = {str(path.relative_to(tmp_path)) for path in redraw(tmp_path)}
    others = {name for name in committed() if any(Path(name).match(f"{like}.png") for like in OF_MODELS)}
    assert drawn | others == committed(), "commit what `make figures` draws"
    assert not drawn & others
    for name in drawn:
        now, then = (np.asarray(Image.open(root / name).convert("RGB"), int) for root in (tmp_path, RESULTS))
        assert now.shape == then.shape, f"{name}: run `make figures`"
        assert abs(now - then).max() <= 2, f"{name}: run `make figures`"


def test_what_is_put_aside_or_of_no_experiment_is_left_alone(tmp_path: Path) -> None:
    row = {"domain": "target_b", "method": "fine_tuned", "seed": 0, "metric": "success", "spread": "images"}
    figures = {"episodes": 2, "value": 0.5, "low": 0.4, "high": 0.6, "n": 100}
    rows = [row | {"images": images} | figures for images in (10, 80)]
    for name in ("budget/quick.json", "budget/quick_0123456789ab.json", "benchmarks/quick.json"):
        add_results(tmp_path / name, rows, {"preset": "quick"}, {})
    one = add_results(tmp_path / "budget" / "full.json", rows[:1], {"preset": "full"}, {})
    assert redraw(tmp_path) == [tmp_path / "budget" / "quick_no_norm.png"]  # one number is no plot
    one.write_text("{}")
    with pytest.raises(CrossgapError, match=r"budget/full\.json is no results file"):
        redraw(tmp_path)
