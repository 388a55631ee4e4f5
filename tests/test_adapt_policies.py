"""`crossgap adapt` of a network of one's own that sees several cameras and a state."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import crossgap
from crossgap.base.records import mismatch
from crossgap.cli import run
from crossgap.commands.adapt.policies import _read
from crossgap.commands.adapt.run import Adaptation
from crossgap.commands.options import AdaptOptions
from crossgap.commands.preparing import Preparing
from crossgap.core.fabric import make_fabric
from crossgap.core.trainer import Trainer
from crossgap.data.observations import Observations, read_observations
from crossgap.data.subsets import hold_out
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.adapted_policy import AdaptedPolicy
from crossgap.errors import CrossgapError
from crossgap.methods.co_trained import CoTrainingConfig
from crossgap.methods.config import SupervisedConfig
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.goggles.recipe import Given, reference_of
from crossgap.methods.goggles.rivals import PolicyAdaptation, PolicyConfig
from crossgap.networks import factory, from_factory, trust
from crossgap.report.adaptation import ADAPTATION, SHAPE, _row, axis_of
from toy_policy import squares

NETWORK = "toy_policy:make_reaching"
GOGGLES = GogglesConfig(4, batch=2, generator_width=4, generator_blocks=1, discriminator_width=4)


@pytest.fixture(autouse=True)
def nobody_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "_TRUSTED", set())


def frames(count: int, seed: int, target: bool, actions: bool = True) -> Observations:
    """Both cameras see the same square; the action is its place, and the state further on."""
    images, places = squares(count, seed, target)
    state = np.random.default_rng(seed).uniform(-1, 1, (count, 1)).astype(np.float32)
    found = Observations(
        np.concatenate([images, images], -1), state, places + 0.5 * state, np.arange(count) // 3,
        ("left", "right"), "state", ("row", "column"),
    )  # fmt: skip
    return found if actions else found.without_actions()


def adaptation(folder: Path, given: Given, config: PolicyConfig, **more) -> PolicyAdaptation:
    torch.manual_seed(0)
    about = reference_of(NETWORK, None, given.source, -1, 1)
    trainer = Trainer(folder, make_fabric("cpu", "32-true"), 0, True)
    return PolicyAdaptation(from_factory(NETWORK), about, given, config, trainer, **more)


def folder(path: Path, data: Observations) -> Path:
    """A table with a column for each camera."""
    from PIL import Image

    (path / "images").mkdir(parents=True)
    rows = []
    for at, image in enumerate(data.images):
        names = {}
        for number, camera in enumerate(data.cameras):
            names[camera] = f"images/{camera}_{at:03d}.png"
            Image.fromarray(image[..., 3 * number : 3 * number + 3]).save(path / names[camera])
        numbers = {"where": data.state[at, 0], "row": data.actions[at, 0], "column": data.actions[at, 1]}
        rows.append(names | numbers | {"episode": data.episodes[at]})
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    (path / "labels.csv").write_text("\n".join(lines) + "\n")
    return path


def test_each_way_learns_what_it_can(tmp_path: Path) -> None:
    """In simulation the state's gain is learnt; on blue squares only with real frames."""
    given = Given(frames(96, 0, False), frames(48, 1, True))
    short = SupervisedConfig(250, 16, 2e-2)
    config = PolicyConfig(short, short, short, GOGGLES, CoTrainingConfig((0.25, 0.5)))
    found = adaptation(tmp_path, given, config)
    source, real = frames(30, 2, False), frames(30, 3, True)
    first = found.get("source_only")
    assert first.policy.network.gain.item() == pytest.approx(0.5, abs=0.1)
    assert found.errors(first, source).mean() < 0.1
    blind = found.errors(first, real).mean()
    for name in ("fine_tuned", "co_trained"):
        model = found.get(name)
        assert found.errors(model, real).mean() < 0.3 * blind, name
        assert model.policy.network.fixed.item() == 1, "its factory froze it"
    again = adaptation(tmp_path, given, config)
    assert torch.equal(
        again.get("fine_tuned").policy.network.gain, found.get("fine_tuned").policy.network.gain
    )


def test_goggles_leave_the_policy_and_refinement_does_not(tmp_path: Path) -> None:
    given = Given(frames(12, 0, False), frames(12, 1, True))
    short = SupervisedConfig(3, 4, 1e-2)
    found = adaptation(tmp_path, given, PolicyConfig(short, short, short, GOGGLES, CoTrainingConfig((0.5,))))
    base, goggles, refined = (found.get(name) for name in ("augmented", "goggles", "goggles_refined"))
    assert goggles.policy.digest() == base.policy.digest()
    assert refined.policy.digest() != base.policy.digest()
    assert goggles.translator is not None
    assert refined.translator is not None
    drawn = [one.translator.networks["translator"].state_dict() for one in (goggles, refined)]
    assert all(torch.equal(value, drawn[1][name]) for name, value in drawn[0].items())


def test_what_a_saved_policy_says_is_what_was_measured(tmp_path: Path) -> None:
    given = Given(frames(12, 0, False), frames(12, 1, True))
    short = SupervisedConfig(3, 4, 1e-2)
    found = adaptation(tmp_path, given, PolicyConfig(short, short, short, GOGGLES, CoTrainingConfig((0.5,))))
    found.get("goggles")
    model = AdaptedPolicy.load(tmp_path / "models" / "goggles")
    real = frames(5, 7, True)
    images = {"left": real.images[..., :3], "right": real.images[..., 3:]}
    said = model.predict(images, real.state)
    np.testing.assert_allclose(said, found.said(model, real).numpy(), atol=1e-6)
    spread = given.source.actions.std(0)
    by_hand = (((said - real.actions) / spread) ** 2).mean(1)
    np.testing.assert_allclose(found.errors(model, real), by_hand, rtol=1e-4)
    with pytest.raises(CrossgapError, match=r"No images of right\. Expected those of left, right; got left"):
        model.predict({"left": images["left"]}, real.state)
    with pytest.raises(CrossgapError, match=r"Expected the state 'state', \(5, s\) numbers; got none"):
        model.predict(images)
    with pytest.raises(CrossgapError, match="'state' is not finite"):
        model.predict(images, np.full((5, 1), np.nan))
    with pytest.raises(CrossgapError, match="5 of left, 4 of right"):
        model.predict({"left": images["left"], "right": images["right"][:4]}, real.state)
    with pytest.raises(CrossgapError, match=r"a state\. Expected .* alone, .*goggles/goggles"):
        AdaptedModel.load(tmp_path / "models" / "goggles")
    AdaptedModel.load(tmp_path / "models" / "goggles" / "goggles")
    weights = tmp_path / "models" / "goggles" / "policy.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(CrossgapError, match=r"policy\.safetensors"):
        AdaptedPolicy.load(tmp_path / "models" / "goggles")


def test_a_folder_alone_makes_nobodys_code_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Given(frames(6, 0, False), frames(6, 1, True, False))
    found = adaptation(tmp_path, given, PolicyConfig(goggles=GOGGLES), frozen=True)
    assert found.methods == ("source_only", "goggles")
    before = found.get("source_only").policy.digest()
    assert before == from_factory_digest()
    monkeypatch.setattr(factory, "_TRUSTED", set())
    with pytest.raises(CrossgapError, match="which no file may call by itself"):
        AdaptedPolicy.load(tmp_path / "models" / "source_only")
    trust(NETWORK)
    assert AdaptedPolicy.load(tmp_path / "models" / "source_only").policy.digest() == before


def from_factory_digest() -> str:
    from crossgap.deploy.frozen import FrozenPolicy

    torch.manual_seed(0)
    data = frames(2, 0, False)
    return FrozenPolicy(from_factory(NETWORK), reference_of(NETWORK, None, data)).digest()


def test_without_actions_of_the_target_what_needs_them_is_left_out(tmp_path: Path) -> None:
    given = Given(frames(6, 0, False), frames(6, 1, True, False))
    assert adaptation(tmp_path, given, PolicyConfig()).methods == ("source_only", "augmented", "goggles")
    nothing = Given(frames(6, 0, False, False), frames(6, 1, True))
    with pytest.raises(CrossgapError, match="The source has no actions"):
        adaptation(tmp_path, nothing, PolicyConfig())


# the command


def arguments(tmp_path: Path, *more: str) -> list[str]:
    return [
        "adapt", "--source", str(tmp_path / "sim"), "--target", str(tmp_path / "real"), "--output",
        str(tmp_path / "out"), "--task", NETWORK, "--cameras", "left", "right", "--state", "where",
        "--preset", "smoke", "--device", "cpu", "--precision", "32-true", *more,
    ]  # fmt: skip


def test_from_two_folders_to_a_policy_and_a_verdict(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder(tmp_path / "sim", frames(12, 0, False))
    folder(tmp_path / "real", frames(18, 1, True))
    both = frames(18, 1, True).select(np.arange(6, 12))
    fresh = frames(6, 8, True)
    seen = Observations(
        np.concatenate([both.images, fresh.images]), np.concatenate([both.state, fresh.state]),
        np.concatenate([both.actions, fresh.actions]), np.arange(12) // 3, both.cameras, "state",
        both.action_names,
    )  # fmt: skip
    folder(tmp_path / "test", seen)
    run(arguments(tmp_path, "--test", str(tmp_path / "test")))
    said = " ".join(capsys.readouterr().err.split())
    found = json.loads((tmp_path / "out" / ADAPTATION).read_text())
    assert not mismatch(found, SHAPE)
    assert [*found["methods"]] == [*PolicyAdaptation.ABOUT]
    assert "Held out: 6 of 18 target images of 2 episodes" in said
    assert "--test: 6 of its 12 images were trained on" in said
    assert found["test"]["images"] == 6
    use = found["recommended"]
    assert f"Use {use}: squared error in spreads of the source's actions" in said
    best = found["methods"][use]["held_out"]["value"]
    assert best <= found["methods"]["fine_tuned"]["held_out"]["value"]
    assert {"row", "column"} <= found["methods"][use]["own"].keys()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "AdaptedPolicy.load(&#39;models/" in page or "AdaptedPolicy.load('models/" in page
    policy = AdaptedPolicy.load(tmp_path / "out" / "models" / use)
    assert policy.predict(
        {"left": fresh.images[..., :3], "right": fresh.images[..., 3:]}, fresh.state
    ).shape == (6, 2)
    weights = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "models").rglob("*.safetensors")}
    run(arguments(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in weights} == weights, "nothing is done again"
    with pytest.raises(CrossgapError, match="holds another run"):
        run(arguments(tmp_path, "--seed", "1"))


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    folder(tmp_path / "sim", frames(12, 0, False))
    folder(tmp_path / "real", frames(18, 1, True))
    for more, problem in (
        (("--classes", "3"), "does not use --classes"),
        (("--skip-bad",), "does not use --skip-bad"),
        (("--camera", "left"), "Expected either"),
        (("--methods", "taskgan"), "Method 'taskgan' not found. Available: .*goggles"),
        (("--cameras", "left", "top"), "column 'top' not found"),
    ):
        with pytest.raises(CrossgapError, match=problem):
            run(arguments(tmp_path, *more))
    without = [word for word in arguments(tmp_path) if word not in ("--task", NETWORK)]
    with pytest.raises(CrossgapError, match="Expected --task, too"):
        run(without)
    assert not (tmp_path / "out").exists()


def test_from_memory_with_a_network_and_a_loss(tmp_path: Path) -> None:
    import toy_policy

    network = from_factory(NETWORK)
    found = crossgap.adapt(
        frames(12, 0, False), frames(18, 1, True), tmp_path / "out", preset="smoke", device="cpu",
        methods=("source_only",), task=network, loss=toy_policy.absolute,
    )  # fmt: skip
    assert found.result["measure"] == "your loss"
    assert [*found.result["methods"]] == ["source_only", "fine_tuned"], "its rival is always there"
    model = found.model
    assert isinstance(model, AdaptedPolicy)
    real = frames(18, 1, True)
    real = real.select(hold_out(real.episodes, 0.2, 0))
    said = model.predict({"left": real.images[..., :3], "right": real.images[..., 3:]}, real.state)
    off = np.abs(said - real.actions).mean()
    row = found.result["methods"][found.recommended]
    assert row["held_out"]["value"] == pytest.approx(off, rel=1e-4), "the loss, on what was held out"
    nameless = torch.nn.Identity()
    with pytest.raises(CrossgapError, match="no model could be saved with it"):
        crossgap.adapt(
            frames(12, 0, False), frames(18, 1, True), tmp_path / "two", preset="smoke", task=nameless
        )


def smoke(tmp_path: Path, source: Observations, target: Observations, **more) -> Adaptation:
    settings = {"task": NETWORK, "methods": ("source_only",)} | more
    return crossgap.adapt(source, target, tmp_path / "out", preset="smoke", device="cpu", **settings)


def test_columns_that_are_not_the_sources_are_refused(tmp_path: Path) -> None:
    source, target = frames(12, 0, False), frames(18, 1, True)
    for other, problem in (
        ({"action_names": ("column", "row")}, "other actions: row, column; and column, row"),
        ({"cameras": ("right", "left")}, "other cameras: left, right; and right, left"),
        (
            {"action_names": ("row", "column", "grip"), "actions": np.zeros((18, 3), np.float32)},
            "other actions: row, column; and row, column, grip",
        ),
    ):
        with pytest.raises(CrossgapError, match=problem):
            smoke(tmp_path, source, replace(target, **other))
    assert not (tmp_path / "out").exists()
    smoke(tmp_path, source, replace(target, action_names=("y", "x"), cameras=("front", "wrist")))


def test_a_test_folder_is_looked_at_before_training(tmp_path: Path) -> None:
    folder(tmp_path / "sim", frames(12, 0, False))
    folder(tmp_path / "real", frames(18, 1, True))
    folder(tmp_path / "test", replace(frames(6, 8, True)))
    table = tmp_path / "test" / "labels.csv"
    text = table.read_text()
    table.write_text(text.replace("row,column", "column,other", 1))
    with pytest.raises(CrossgapError, match="Source and --test have other actions"):
        run(arguments(tmp_path, "--test", str(tmp_path / "test")))
    with pytest.raises(CrossgapError, match="nowhere does not exist"):
        run(arguments(tmp_path, "--test", str(tmp_path / "nowhere")))
    for known in ("sim", "real"):
        with pytest.raises(CrossgapError, match=r"--test: all of its 1[28] images were trained on, or held"):
            run(arguments(tmp_path, "--test", str(tmp_path / known)))
    assert not (tmp_path / "out").exists()


def test_what_the_source_lacks_is_no_action(tmp_path: Path) -> None:
    """Such as who recorded it, in words; and columns are known by their names, not by their places."""
    folder(tmp_path / "sim", frames(12, 0, False))
    for name, data in (("real", frames(18, 1, True)), ("test", frames(6, 8, True))):
        table = folder(tmp_path / name, data) / "labels.csv"
        cells = [line.split(",") for line in table.read_text().splitlines()]
        at, to = cells[0].index("row"), cells[0].index("column")
        for number, row in enumerate(cells):
            row[at], row[to] = row[to], row[at]
            row.append("Anna" if number else "operator")
        table.write_text("\n".join(map(",".join, cells)) + "\n")
    options = AdaptOptions(
        tmp_path / "sim", tmp_path / "real", cameras=("left", "right"), state=("where",),
        test=tmp_path / "test", task=NETWORK,
    )  # fmt: skip
    sides = _read(options, Preparing(options.images), None)
    for found, wanted in ((sides.target, frames(18, 1, True)), (sides.test, frames(6, 8, True))):
        assert found is not None
        assert found.action_names == ("row", "column")
        np.testing.assert_allclose(found.actions, wanted.actions, atol=1e-6)


def test_what_a_network_or_a_loss_does_wrong_in_training_is_one_line(tmp_path: Path) -> None:
    source, target = frames(12, 0, False), frames(18, 1, True)
    for at, (more, problem) in enumerate((
        ({"task": "toy_policy:make_variational"}, "returned tuple in training mode"),
        ({"task": "toy_policy:make_lazy"}, "lazy layers"),
        ({"loss": "toy_policy:not_one_number"}, r"gave a tensor \(16, 2\)"),
        ({"loss": "toy_policy:of_one_argument"}, "--loss failed on outputs"),
    )):  # fmt: skip
        with pytest.raises(CrossgapError, match=problem):
            smoke(tmp_path / str(at), source, target, **more)


def test_bars_of_a_loss_below_nothing() -> None:
    figures = [{"value": -2.0, "low": -3.0, "high": -1.0}, {"value": 1.0, "low": None, "high": None}]
    assert axis_of(figures) == (-3, 1)
    row = {"held_out": figures[0], "trained_on": None, "difference": None, "agreement": None, "own": {}}
    said = dict.fromkeys(("about", "sees_target", "by_heart"), "")
    assert _row("one", row | said, (-3, 1), True)["track"] == [75, 25, 0, 50]
    assert axis_of([{"value": 2.0, "low": 1.0, "high": 9.0}]) == (0, 4), "a wide interval leaves the axis"
    assert axis_of([{"value": 2.0, "low": -1.0, "high": 3.0}]) == (0, 3), "an error is never below 0"
    assert axis_of([{"value": 0.0, "low": None, "high": None}]) == axis_of([]) == (0, 1)


def test_tied_weights_are_saved(tmp_path: Path) -> None:
    found = smoke(tmp_path, frames(12, 0, False), frames(18, 1, True), task="toy_policy:make_tied")
    real = frames(6, 8, True)
    seen = {"left": real.images[..., :3], "right": real.images[..., 3:]}
    assert isinstance(found.model, AdaptedPolicy)
    assert np.isfinite(found.model.predict(seen, real.state)).all()


def test_the_report_is_written_again_and_lists_the_policies(tmp_path: Path) -> None:
    found = smoke(tmp_path, frames(12, 0, False), frames(18, 1, True))
    found.report.unlink()
    run(["report", str(found.run)])
    page = found.report.read_text()
    assert "<li><code>models/source_only</code></li>" in page
    assert "None yet" not in page


def test_no_chunk_goes_on_into_the_next_episode_of_a_session(tmp_path: Path) -> None:
    data = frames(12, 0, False)
    table = folder(tmp_path / "real", data) / "labels.csv"
    head, *rows = table.read_text().splitlines()
    lines = [f"{head},session", *(f"{row},day{at // 6}" for at, row in enumerate(rows))]
    table.write_text("\n".join(lines) + "\n")
    read = read_observations(tmp_path / "real", ("left", "right"), ("where",))
    assert read.episodes.tolist() == [0] * 6 + [1] * 6
    kept = read.select(np.arange(1, 12))
    for found, whole in ((read, data), (kept, data.select(np.arange(1, 12)))):
        np.testing.assert_allclose(found.chunks(2), whole.chunks(2), atol=1e-6)
    assert np.isnan(read.chunks(2)[2, 1]).all()


def test_what_is_said_where_neither_side_has_actions(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    source, target = frames(12, 0, False, False), frames(18, 1, True, False)
    smoke(tmp_path, source, target, frozen=True, methods=("source_only", "goggles"))
    assert "goggles │ not measured" in " ".join("".join(capsys.readouterr()).split())
    folder(tmp_path / "test", frames(6, 8, True))
    with pytest.raises(CrossgapError, match="neither has actions"):
        smoke(tmp_path / "two", source, target, frozen=True, test=tmp_path / "test", state=("where",))


def test_what_looks_wrong_is_said_of_each_camera(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    source, target = frames(12, 0, False), frames(18, 1, True)
    covered = target.images.copy()
    covered[:5, ..., 3:] = 0
    smoke(tmp_path, source, replace(target, images=covered, actions=100 * target.actions))
    said = " ".join("".join(capsys.readouterr()).split())
    assert "source, camera left: 12 images in 4 episodes" in said
    assert "target, camera right: 5 images are nearly black" in said
    assert "target, camera left: 5 images" not in said
    assert said.count("label row: the target's spreads") == 1
    assert "centimetres against metres?" in said


def test_errors_that_are_not_finite_name_the_method(tmp_path: Path) -> None:
    """A loss of whole batches has no value on one frame."""
    with pytest.raises(CrossgapError, match=r"source_only: the errors of 6 of 6 images are not finite"):
        smoke(
            tmp_path, frames(12, 0, False), frames(18, 1, True),
            loss=lambda said, wanted: (said - wanted).std(0).mean(),
        )  # fmt: skip


def test_a_size_that_images_in_memory_do_not_have(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match="size='64': the source in memory is of 24×24 pixels"):
        smoke(tmp_path, frames(12, 0, False), frames(18, 1, True), size="64")


def test_a_policy_whose_description_is_damaged(tmp_path: Path) -> None:
    found = smoke(tmp_path, frames(12, 0, False), frames(18, 1, True))
    trust(NETWORK)
    path = tmp_path / "out" / "models" / found.recommended / "adapted_policy.json"
    about = json.loads(path.read_text())
    prepared = {"size": 96, "fit": "crop", "roi": None, "camera": None, "value_range": None}
    for change, problem in (
        ({"size": [24]}, "'size' has 1 entries, expected 2"),
        ({"preparation": prepared}, "'preparation.size' is 96, expected"),
    ):
        path.write_text(json.dumps(about | change))
        with pytest.raises(CrossgapError, match=problem):
            AdaptedPolicy.load(path.parent)


def test_spreads_are_the_targets_where_the_source_has_no_actions(tmp_path: Path) -> None:
    source, target = frames(12, 0, False, False), frames(18, 1, True)
    found = smoke(tmp_path, source, target, frozen=True)
    assert found.result["measure"] == "squared error in spreads of the target's actions"


def test_a_policy_without_weights_and_no_frames(tmp_path: Path) -> None:
    name = "toy_policy:make_without_weights"
    found = smoke(tmp_path, frames(12, 0, False), frames(18, 1, True), frozen=True, task=name)
    real = frames(6, 8, True)
    seen = {"left": real.images[..., :3], "right": real.images[..., 3:]}
    assert isinstance(found.model, AdaptedPolicy)
    assert found.model.predict(seen, real.state).shape == (6, 2)
    with pytest.raises(CrossgapError, match="at least one frame"):
        found.model.predict({name: images[:0] for name, images in seen.items()}, real.state[:0])
