"""What is drawn of the table of Robot 1: plots of its rows, films of its policies, and the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from crossgap.base.files import read_json, write_json
from crossgap.core.runs import start
from crossgap.errors import CrossgapError
from crossgap.experiments.rl_cyclegan import figures, films, pictures, report, trial
from crossgap.experiments.rl_cyclegan.bins import EYES, bins, measured
from crossgap.experiments.rl_cyclegan.frames import GAP, HEAD, SIDE, TITLE
from crossgap.experiments.rl_cyclegan.methods import METHODS
from crossgap.experiments.rl_cyclegan.presets import ONCE_SIZES
from crossgap.experiments.rl_cyclegan.translated import Goggled
from crossgap.experiments.rl_cyclegan.trial import OnceTrial
from crossgap.methods.cyclegan.phase import CycleGAN
from crossgap.rl.collection import View, World, nothing, play_goals
from crossgap.rl.offline import Offline
from crossgap.simulation.grasping import IIWA_GRASP
from crossgap.simulation.grasping.environment import IiwaGraspEnv
from crossgap.simulation.grasping.script import Script

SIZE = replace(ONCE_SIZES["smoke"], source=50, oracle=50, real=50, judged=50, grasps=4)
MOTION = 1 + (45 + 26 + 40) // films.EVERY + 1
"""Images of a grasp: before it, during it, and after it."""
ATTEMPT = films.BEFORE - 1 + MOTION + films.AFTER
"""Frames of one, with those that stand still."""


def read(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def panel(frame: np.ndarray, index: int) -> np.ndarray:
    left, top = GAP + index * (SIDE + GAP), HEAD + TITLE
    return frame[top : top + SIDE, left : left + SIDE].astype(float)


class There:
    """In place of a Q: it grasps in the middle, or goes on."""

    def act(self, frames: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        return np.tile(np.array([0, 0, -1, 0, 1], np.float32), (len(frames), 1))


# plots


@pytest.fixture
def drawn(monkeypatch) -> list[Any]:
    """The figures that plots are saved of."""
    kept: list[Any] = []
    monkeypatch.setattr(figures.plots, "save", lambda figure, path: kept.append(figure) or path)
    return kept


def points(figure: Any) -> dict[str, Any]:
    """By its label: a line's points, or its height."""
    (axes,) = figure.axes
    return {
        line.get_label(): [(x, round(y, 6)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]
        for line in axes.get_lines()
    }


def row(domain: str, method: str, value: float, seed: int = 0, **more: Any) -> dict[str, Any]:
    about = {"domain": domain, "method": method, "seed": seed, "metric": "success"}
    return about | {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 50} | more


def test_the_ladder_has_a_point_for_each_number_of_real_grasps(drawn) -> None:
    rows = [row("quarter/robot_1", "target_only", value, seed) for seed, value in enumerate((0.1, 0.2))]
    rows += [row("target/robot_1", "target_only", 0.3), row("sixteenfold/robot_1", "rl_cyclegan", 0.7)]
    rows += [row("target/robot_1", "oracle", 0.6), row("target/source", "source_only", 0.9)]
    rows += [row("few/robot_1", "target_only", 0.9), row("fourfold/things", "rl_cyclegan", 0.9)]
    figures.ladder(rows, 400, Path("x.png"))
    assert points(drawn[0]) == {
        "real grasps alone": [(100, 0.15), (400, 0.3)],
        "RL-CycleGAN": [(6400, 0.7)],
        "unlimited real grasps": [(0, 0.6), (1, 0.6)],  # from side to side
    }
    (band, _) = drawn[0].axes[0].collections  # of RL-CycleGAN, then of the real grasps
    assert band.get_datalim(drawn[0].axes[0].transData).bounds[1] == pytest.approx(0.6)


def test_fine_tuning_has_a_line_for_what_it_is_to_reach(drawn) -> None:
    rows = [row("target/on_policy", "rcan", 0.1 + 0.1 * n, grasped=200 * n) for n in range(3)]
    rows += [row("target/robot_1", "oracle", 0.5, seed) for seed in (0, 1)]
    figures.finetune(rows, Path("x.png"))
    assert points(drawn[0]) == {
        "RCAN": [(0, 0.1), (200, 0.2), (400, 0.3)],
        "unlimited real grasps": [(0, 0.5), (1, 0.5)],
        "90% of unlimited real grasps": [(0, 0.45), (1, 0.45)],
    }


def test_the_learning_curve_has_every_seed_and_their_mean(drawn) -> None:
    about = {"metric": "validation_success"}
    rows = [row("many_steps/source", "qt_opt", 0.8)]  # of the test, not of the curve
    for seed, values in enumerate(((0.1, 0.5), (0.3, 0.4))):
        for step, value in zip((0, 3200), values, strict=True):
            rows.append(row("many_steps/source", "qt_opt", value, seed, environment_steps=step) | about)
    figures.many_steps(rows, Path("x.png"))
    one, other, mean = ([tuple(p) for p in line.get_xydata()] for line in drawn[0].axes[0].get_lines())
    assert [one, other] == [[(0, 0.1), (3200, 0.5)], [(0, 0.3), (3200, 0.4)]]
    assert mean == [(0, pytest.approx(0.2)), (3200, pytest.approx(0.45))]


def test_plots_are_beside_the_results_where_there_are_rows_for_them(tmp_path: Path) -> None:
    rows = [row("target/on_policy", "rcan", 0.1, grasped=0), row("target/robot_1", "target_only", 0.3)]
    found = figures.plot_all(rows, 400, tmp_path / "quick.json")
    assert found == {"finetune": tmp_path / "quick_finetune.png"}
    assert [path.name for path in tmp_path.iterdir()] == ["quick_finetune.png"]


# films


def test_a_film_shows_the_first_test_bins_and_what_q_sees_of_them(tmp_path: Path) -> None:
    act = Goggled(There(), lambda frames: 255 - frames)  # type: ignore[arg-type]
    world = bins("source", "robot_1", unseen=True)
    path = films.film_policy(tmp_path / "film.mp4", "negative", world, act, films.pose_once, 40)
    frames = read(path)
    assert len(frames) == 2 * ATTEMPT  # of 40 test bins, a twentieth
    assert frames[0].shape == (HEAD + TITLE + SIDE + GAP, 3 * SIDE + 4 * GAP, 3)
    top = np.s_[:60]  # above the bin; no mark is there
    seen, q_sees, motion = (panel(frames[0], index) for index in range(3))
    assert np.abs(255 - seen[top] - q_sees[top]).mean() < 4
    assert np.abs(seen[top] - motion[top]).mean() < 4
    during = [panel(frame, 2) for frame in frames[:ATTEMPT]]
    assert np.abs(during[0] - during[films.BEFORE - 1]).mean() < 2  # it stands still at first
    assert np.abs(during[0] - during[films.BEFORE + 8]).mean() > 10  # then the arm is there
    assert np.abs(panel(frames[0], 0) - panel(frames[ATTEMPT], 0)).mean() > 3  # the next bin


def test_a_policy_that_sees_what_the_camera_does_has_two_panels(tmp_path: Path) -> None:
    world = bins("target", "robot_1", (1, 3), unseen=True)

    def act(seen: Any) -> np.ndarray:
        return There().act(EYES.frames(seen), EYES.states(seen))

    frames = read(films.film_policy(tmp_path / "film.mp4", "plain", world, act, films.pose_once, 4))
    assert len(frames) == ATTEMPT
    assert frames[0].shape[1] == 2 * SIDE + 3 * GAP


def test_an_attempt_that_is_played_again_ends_as_it_did(monkeypatch) -> None:
    seen = {"look": "source", "setup": "robot_1", "cameras": (), "steps": 6}
    world = World(IIWA_GRASP, View(nothing, measured), seen=seen, engine="here")
    with world.pool(3) as pool:
        episodes, _ = play_goals(pool, Script(np.random.default_rng(0)), range(3), 6, world.view)
    felt, step = [], IiwaGraspEnv.step

    def watched(self: IiwaGraspEnv, action: np.ndarray) -> Any:
        felt.append((found := step(self, action))[0]["agent_pos"])
        return found

    monkeypatch.setattr(IiwaGraspEnv, "step", watched)
    for seed, episode in enumerate(episodes):
        felt.clear()
        steps = list(films.replayed(world, seed, episode, films.pose_of_step, 32))
        assert len(steps) == len(episode.actions)
        assert len(steps[0].images) >= 2
        np.testing.assert_array_equal(felt, episode.states[1:])
        assert np.abs(steps[0].images[0].astype(int) - steps[-1].images[-1]).max() > 0


def test_a_mark_is_where_the_fingers_go() -> None:
    made = films.marked(np.zeros((64, 64, 3), np.uint8), np.array([[0.25, 0.5], [0.75, 0.5]]))
    white = np.argwhere((made > 200).all(-1))
    assert made.shape == (SIDE, SIDE, 3)
    np.testing.assert_allclose(white.mean(0), [128, 128], atol=1)
    assert white[:, 1].min() == pytest.approx(64, abs=5)
    assert white[:, 1].max() == pytest.approx(192, abs=5)


def test_moments_of_an_episode_are_its_beginning_and_what_every_motion_led_to() -> None:
    def steps(count: int) -> list[films.Step]:
        images = [np.full((2, 2, 3), number, np.uint8) for number in range(2 * count + 1)]
        pairs = [images[max(0, 2 * n + (n > 0)) : 2 * n + 3] for n in range(count)]
        return [films.Step(np.zeros((2, 2)), pair) for pair in pairs]

    assert [image[0, 0, 0] for image in pictures.moments(steps(2))] == [0, 2, 4]
    assert [image[0, 0, 0] for image in pictures.moments(steps(14))] == [0, 4, 8, 12, 16, 20, 24, 28]


# what is trained is drawn


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, fabric) -> Path:
    """A run in which three methods have been tested."""
    root = tmp_path_factory.mktemp("run")
    start(root, preset="smoke", device="cpu", precision="32-true", threads=1)
    made = {name: METHODS[name] for name in ("source_only", "cyclegan", "cyclegan_goggles")}
    OnceTrial(root, SIZE, "few", 0, fabric, quiet=True).run(made)
    return root


@pytest.fixture
def no_training(monkeypatch) -> None:
    """Training anything is an error."""

    def refuse(*_: Any) -> Any:
        raise AssertionError("trained")

    for phase in (Offline, CycleGAN):
        monkeypatch.setattr(phase, "training_step", refuse)


@pytest.mark.usefixtures("no_training")
def test_films_are_of_what_is_trained_and_made_once(root: Path, fabric, monkeypatch) -> None:
    def made() -> OnceTrial:
        return OnceTrial(root, SIZE, "few", 0, fabric, quiet=True)

    monkeypatch.setattr(trial.OnceTrial, "experience", None)  # nothing is read to learn from
    evaluated = made().tested(METHODS)
    assert evaluated == ["source_only", "cyclegan", "cyclegan_goggles"]
    paths = pictures.films(made(), evaluated)
    assert [path.relative_to(root / "seed_0" / "few").as_posix() for path in paths] == [
        f"videos/{name}.mp4" for name in evaluated
    ]
    widths = [read(path)[0].shape[1] for path in paths]
    assert widths == [2 * SIDE + 3 * GAP, 2 * SIDE + 3 * GAP, 3 * SIDE + 4 * GAP]
    before = [path.stat().st_mtime_ns for path in paths]
    assert [path.stat().st_mtime_ns for path in pictures.films(made(), evaluated)] == before

    file = made().evaluation("cyclegan_robot_1")
    kept = file.read_text()
    write_json(file, read_json(file) | {"of": {"learnt/on_cyclegan": "another"}})
    paths[0].unlink()
    after = [path.stat().st_mtime_ns for path in pictures.films(made(), evaluated)]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, False]
    file.write_text(kept)


@pytest.mark.usefixtures("no_training")
def test_a_report_has_all_that_is_tested_and_the_results_get_pictures(
    root: Path, fabric, monkeypatch, tmp_path: Path
) -> None:  # fmt: skip
    monkeypatch.setitem(ONCE_SIZES, "smoke", SIZE)
    path = report.write_report(root, "smoke", fabric, tmp_path / "smoke.json")
    page = path.read_text(encoding="utf-8")
    for text in ("CycleGAN: Q_sim on F(y)", "few/robot_1", "source only"):
        assert f"<td>{text}</td>" in page or f"<th>{text}</th>" in page
    assert page.count("data:video/mp4;base64,") == 4  # of three methods, and of episodes
    assert page.count("data:image/png;base64,") == 2
    assert "QT-Opt in many steps" not in page
    assert {one.name for one in tmp_path.iterdir()} == {"smoke_few.png", "smoke_few_episode.png"}
    assert len(read(root / "seed_0" / "few" / "videos" / "episodes.mp4")) > 3 * ATTEMPT


def test_what_is_tested_where_filament_draws_is_in_the_report_too(
    tmp_path: Path, fabric, monkeypatch
) -> None:  # fmt: skip
    monkeypatch.setitem(ONCE_SIZES, "smoke", SIZE)
    start(tmp_path, preset="smoke", device="cpu", precision="32-true", threads=1)
    one = OnceTrial(tmp_path, SIZE, "target", 0, fabric, quiet=True)
    write_json(
        one.evaluation("oracle_target_pbr"), [{"seed": 30_000 + n, "success": n < 3} for n in range(4)]
    )
    page = report.write_report(tmp_path, "smoke", fabric).read_text(encoding="utf-8")
    assert "<th>target/target_pbr</th>" in page
    assert "<td>75 % [30–95]</td>" in page
    assert "data:video" not in page


def test_a_report_of_nothing_or_of_a_part(tmp_path: Path, fabric) -> None:
    start(tmp_path, preset="smoke", device="cpu", precision="32-true", threads=1)
    with pytest.raises(CrossgapError, match="nothing tested yet"):
        report.write_report(tmp_path, "smoke", fabric)
    with pytest.raises(CrossgapError, match="all gaps and seeds"):
        report.report_again(tmp_path, {"experiment": "rl_cyclegan"}, None, 1, None)
