"""Goggles: a translator that is trained through a policy, which stays as it is."""

from __future__ import annotations

import json
import pickle
import re
import sys
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch

import crossgap
from crossgap.cli import run
from crossgap.commands.goggles import _compared
from crossgap.core.fabric import make_fabric
from crossgap.core.trainer import Trainer
from crossgap.data import LabelledImages, write_folder
from crossgap.data.observations import Observations, chunks, read_observations
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.frozen import PolicyReference
from crossgap.deploy.translator import Translator
from crossgap.errors import CrossgapError
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.goggles.recipe import Given, GogglesTraining, reference_of
from crossgap.methods.goggles.task import Task
from crossgap.networks import Generator, factory, from_factory
from crossgap.simulation.wrappers import TranslateObservation
from toy_policy import SIZE, squares

SMALL = GogglesConfig(steps=3, batch=4, generator_width=4, generator_blocks=1, discriminator_width=4)


@pytest.fixture(autouse=True)
def nobody_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "_TRUSTED", set())


def observed(count: int, seed: int, target: bool, actions: bool = True) -> Observations:
    images, places = squares(count, seed, target)
    found = Observations(
        images, np.zeros((count, 0), np.float32), places, np.arange(count) // 2,
        action_names=("row", "column"),
    )  # fmt: skip
    return found if actions else found.without_actions()


def training(tmp_path: Path, given: Given, config: GogglesConfig = SMALL, make: str = "make", **more):
    policy = reference_of(f"toy_policy:{make}", None, given.source).load()
    return GogglesTraining(
        policy, given, config, Trainer(tmp_path, make_fabric("cpu", "32-true"), 0, True), **more
    )


def folder(path: Path, count: int, seed: int, target: bool) -> Path:
    images, places = squares(count, seed, target)
    write_folder(path, LabelledImages(images, places, ("row", "column"), np.arange(count) // 2))
    return path


# learning


@pytest.mark.parametrize("labels", [True, False])
def test_it_learns_what_a_policy_has_to_see_and_leaves_the_policy_alone(tmp_path: Path, labels: bool) -> None:
    given = Given(observed(64, 0, False), observed(32, 1, True, labels))
    config = GogglesConfig(
        steps=150 if labels else 5, batch=8, learning_rate=3e-3, generator_width=8, generator_blocks=1,
        discriminator_width=8, augment=False, adversarial_weight=0.1,
    )  # fmt: skip
    goggles = training(tmp_path, given, config)
    before = {name: value.clone() for name, value in goggles.policy.network.state_dict().items()}
    model = goggles.train()
    after = goggles.policy.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    if labels:
        fresh = observed(40, 2, True)
        assert goggles.errors(fresh).mean() > 0.5
        assert goggles.errors(fresh, model.translate).mean() < 0.1


def test_two_cameras_a_state_and_chunks_of_actions(tmp_path: Path) -> None:
    (left, one), (right, _) = squares(12, 0, False), squares(12, 1, False)
    state = np.linspace(0, 1, 12, dtype=np.float32)[:, None]
    data = Observations(
        np.concatenate([left, right], -1),
        state,
        one,
        np.arange(12) // 4,
        ("left", "right"),
        "state",
        ("r", "c"),
    )
    goggles = training(tmp_path, Given(data, data, data.without_actions()), make="make_two")
    assert goggles.task is not None
    assert goggles.task.shape == (2, 2)
    model = goggles.train()
    assert model.made_for is not None
    assert model.made_for.cameras == ("left", "right")
    assert goggles.errors(data, model.translate).shape == (12,)


def test_chunks_end_where_their_episode_does() -> None:
    actions = np.array([[0], [1], [2], [10]], np.float32)
    np.testing.assert_array_equal(
        chunks(actions, np.array([0, 0, 0, 1]), 2)[..., 0],
        np.array([[0, 1], [1, 2], [2, np.nan], [10, np.nan]], np.float32),
    )


def test_the_error_is_in_spreads_of_the_action_and_leaves_out_what_nobody_did(tmp_path: Path) -> None:
    task = training(tmp_path, Given(observed(8, 0, False), observed(8, 1, True))).task
    assert task is not None
    task = replace(task, spread=np.array([2.0, 4.0], np.float32))
    said, wanted = torch.tensor([[2.0, 0.0], [1.0, 5.0]]), torch.tensor([[0.0, 4.0], [1.0, float("nan")]])
    assert float(task(said, wanted)) == pytest.approx((1 + 1 + 0) / 3)
    np.testing.assert_allclose(task.errors(said, wanted), [1.0, 0.0])


def test_an_action_that_stays_the_same_is_not_all_that_counts() -> None:
    data = observed(8, 0, False)
    rng = np.random.default_rng(0)
    still = np.stack([np.linspace(-1, 1, 8), 1.5707964 + 1e-7 * rng.standard_normal(8)], 1)
    task = Task.of((2,), replace(data, actions=still.astype(np.float32)))
    np.testing.assert_allclose(task.spread, [np.linspace(-1, 1, 8).std(), 1], rtol=1e-5)
    none = Task.of((2,), replace(data, actions=np.zeros((8, 2), np.float32)))
    assert none.spread.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((-0.5, -0.7, -0.3), "the policy is better with goggles: the error changes by -0.5 (-0.7 to -0.3)"),
        ((0.5, 0.3, 0.7), "the policy is worse with goggles"),
        ((-0.5, -1.2, 0.2), "it is not shown that goggles help: the error changes by -0.5 (-1.2 to +0.2)"),
        ((-0.5, None, None), "the error is -0.5 with goggles; too few"),
    ],
)
def test_whether_goggles_help_in_words(values: tuple, said: str) -> None:
    assert _compared(dict(zip(("value", "low", "high"), values, strict=True))).startswith(said)


# what cannot be


def test_policies_that_no_translator_can_be_trained_through(tmp_path: Path) -> None:
    given = Given(observed(8, 0, False), observed(8, 1, True))
    with pytest.raises(CrossgapError, match=r"make_blind: no gradient reaches the policy's images"):
        training(tmp_path, given, make="make_blind")
    with pytest.raises(CrossgapError, match=r"make_remembering: the policy's weights changed"):
        training(tmp_path, given, make="make_remembering").train()
    with pytest.raises(
        CrossgapError, match=r"policy failed on images \(2, 3, 24, 24\) \(ValueError.*--cameras"
    ):
        training(tmp_path, given, make="make_two")
    three = replace(given.target, actions=np.zeros((8, 3), np.float32), action_names=("a", "b", "c"))
    with pytest.raises(CrossgapError, match=r"gives \('n', 2\) and the action has 3 numbers \(a, b, c\)"):
        training(tmp_path, Given(given.source.without_actions(), three))
    unlabelled = Given(given.source, given.target.without_actions())
    with pytest.raises(CrossgapError, match="consistency-weight is all that the policy says"):
        training(tmp_path, unlabelled, replace(SMALL, consistency_weight=0.0))


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("toy_policy", r"Expected package\.module:name, such as my_policy:make; got 'toy_policy'"),
        ("toy_polic:make", r"toy_polic:make: no module 'toy_polic'\. Expected one in this folder"),
        ("toy_policy:mak", r"function 'mak' not found\. Did you mean make\? Available: .*make"),
        ("toy_policy:NUMBER", r"toy_policy:NUMBER is a int\. Expected a function"),
        ("toy_policy:make_nothing", r"made a str\. Expected a torch\.nn\.Module"),
        ("toy_policy:make_badly", r"make_badly\(\) failed \(RuntimeError: no weights here\)\. Expected"),
    ],
)
def test_factories_that_make_no_network(place: str, problem: str) -> None:
    with pytest.raises(CrossgapError, match=problem):
        from_factory(place)


def test_a_module_that_breaks_while_it_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_policy.py").write_text("import surely_not_installed_here\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        CrossgapError, match=r"importing broken_policy failed \(ModuleNotFoundError: No module"
    ):
        from_factory("broken_policy:make")


# what is saved


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = training(tmp_path / "run", Given(observed(8, 0, False), observed(8, 1, True))).train()
    model.save(tmp_path / "goggles")
    return tmp_path / "goggles"


def test_a_saved_model_names_its_policy_and_has_none_of_its_weights(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["adapted.json", "translator.safetensors"]
    factory._TRUSTED.clear()
    model = AdaptedModel.load(saved)  # stands alone
    images = squares(2, 3, True)[0]
    assert model.translate(images).shape == images.shape
    with pytest.raises(CrossgapError, match=r"names the factory 'toy_policy:make', which no file may call"):
        model.policy()
    factory.trust("toy_policy:make")
    said = model.policy()(torch.zeros(1, 3, SIZE, SIZE))
    assert said.shape == (1, 2)


def test_a_policy_of_other_weights_is_noticed(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = AdaptedModel.load(saved)

    def other() -> torch.nn.Module:
        network = __import__("toy_policy").WhereIsRed()
        network.colour.bias.data += 1
        return network

    monkeypatch.setattr("toy_policy.make", other)
    with pytest.raises(
        CrossgapError, match=r"weights of toy_policy:make are not those that this was made for"
    ):
        model.policy()


def test_damaged_references(saved: Path) -> None:
    about = json.loads((saved / "adapted.json").read_text())
    for change, problem in (
        ({"cameras": "left"}, r"'policy\.cameras' is \"left\", expected a list"),
        ({"factory": 3}, r"'policy\.factory' is 3, expected text"),
    ):
        (saved / "adapted.json").write_text(json.dumps(about | {"policy": about["policy"] | change}))
        with pytest.raises(CrossgapError, match=problem):
            AdaptedModel.load(saved)


def test_weights_may_be_in_a_file_beside_the_factory(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    weights = {"colour.weight": torch.ones(1, 3, 1, 1), "colour.bias": torch.ones(1)}
    save_file(weights, tmp_path / "policy.safetensors")
    policy = PolicyReference("toy_policy:make", str(tmp_path / "policy.safetensors")).load()
    assert torch.equal(policy.network.get_parameter("colour.bias"), torch.ones(1))
    save_file({"colour.weight": weights["colour.weight"]}, tmp_path / "less.safetensors")
    with pytest.raises(CrossgapError, match=r"colour\.bias is absent there, of shape \(1,\) here"):
        PolicyReference("toy_policy:make", str(tmp_path / "less.safetensors")).load()


# the command


def test_the_command_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    sides = {
        name: folder(tmp_path / name, 12, seed, name == "target")
        for seed, name in enumerate(("source", "target"))
    }
    arguments = [
        "goggles", "--policy", "toy_policy:make", "--source", str(sides["source"]), "--target",
        str(sides["target"]), "--output", str(tmp_path / "run"), "--steps", "3", "--batch", "4",
        "--generator-width", "4", "--generator-blocks", "1", "--discriminator-width", "4", "--device", "cpu",
    ]  # fmt: skip
    run(arguments)
    said = capsys.readouterr().err
    assert "squared error" in said
    assert "with goggles" in said
    judged = json.loads((tmp_path / "run" / "goggles.json").read_text())
    assert judged["frames"] == 4
    assert {"value", "low", "high", "row", "column"} == judged["with"].keys()
    off = judged["with"]["value"] - judged["without"]["value"]
    assert judged["difference"]["value"] == pytest.approx(off)
    low, high = judged["difference"]["low"], judged["difference"]["high"]
    assert ("it is not shown that goggles help" in " ".join(said.split())) == (low <= 0 <= high)
    first = (tmp_path / "run" / "models" / "goggles" / "translator.safetensors").read_bytes()
    run(arguments)  # again: goes on, and is done
    assert (tmp_path / "run" / "models" / "goggles" / "translator.safetensors").read_bytes() == first
    run(
        [
            "translate",
            str(tmp_path / "run" / "models" / "goggles"),
            str(sides["target"]),
            str(tmp_path / "out"),
        ]
    )
    assert (tmp_path / "out" / "labels.csv").read_bytes() == (sides["target"] / "labels.csv").read_bytes()
    with pytest.raises(CrossgapError, match="holds another run"):
        run([*arguments, "--seed", "1"])
    with pytest.raises(CrossgapError, match=r"--pixels 1,0: expected black below white"):
        run([*arguments, "--pixels", "1,0"])


def test_observations_of_a_folder_with_several_cameras_and_a_state(tmp_path: Path) -> None:
    path = folder(tmp_path / "data", 4, 0, False)
    rows = (path / "labels.csv").read_text().splitlines()
    table = [f"{rows[0]},side"] + [f"{row},images/{3 - n:06d}.png" for n, row in enumerate(rows[1:])]
    (path / "labels.csv").write_text("\n".join(table) + "\n")
    found = read_observations(path, ("image", "side"), ("row",))
    assert found.images.shape == (4, SIZE, SIZE, 6)
    np.testing.assert_array_equal(found.images[..., 3:], found.images[::-1, ..., :3])
    assert (found.state_name, found.action_names) == ("state", ("column",))
    with pytest.raises(CrossgapError, match=r"labels\.csv: column 'front' not found\. Available: .*side"):
        read_observations(path, ("front",))
    (path / "labels.csv").write_text("\n".join(table).replace("image,", "front,", 1) + "\n")
    both = read_observations(path, None, ("row",))
    assert both.cameras == ("front", "side"), "all, where none is called image"
    np.testing.assert_array_equal(both.images, found.images)
    assert read_observations(path, ("side", "front"), ("row",)).action_names == ("column",)
    (path / "labels.csv").write_text(
        "\n".join([*table[:-1], table[-1].replace("000000.png", "9.png")]) + "\n"
    )
    with pytest.raises(CrossgapError, match=r"line 5, column 'side': expected an image's path"):
        read_observations(path, ("image", "side"))


def told(path: Path, rows: list[str]) -> Path:
    """A folder whose table has these rows, a header first, each with an image of its own, in their order."""
    folder(path, len(rows) - 1, 0, False)
    table = [f"image,{rows[0]}", *(f"images/{at:06d}.png,{row}" for at, row in enumerate(rows[1:]))]
    (path / "labels.csv").write_text("\n".join(table) + "\n")
    return path


def test_frames_are_by_their_step_and_not_by_their_file_name(tmp_path: Path) -> None:
    names = sorted(range(12), key=str)  # 0, 1, 10, 11, 2, …
    rows = [f"0,{step},{step}" for step in names] + ["1,7,100", "1,6,99"]
    path = told(tmp_path / "data", ["episode,step,x", *rows])
    found, plain = read_observations(path), crossgap.read_folder(path)
    assert found.actions[:, 0].tolist() == [*range(12), 99, 100]
    np.testing.assert_array_equal(found.chunks(3)[1, :, 0], [1, 2, 3])
    np.testing.assert_array_equal(found.chunks(2)[11:, :, 0], [[11, np.nan], [99, 100], [100, np.nan]])
    of = {label: image for label, image in zip(plain.labels[:, 0], plain.images, strict=True)}
    assert all(
        np.array_equal(of[x], image) for x, image in zip(found.actions[:, 0], found.images, strict=True)
    )


def test_frames_of_sessions_are_by_episode_and_step(tmp_path: Path) -> None:
    """Also where another session counts its episodes from 0 on again."""
    for again in (False, True):
        rows = [
            f"day{day},{episode - again * 2 * day},{step},{100 * episode + step}"
            for step in (1, 0) for day in (0, 1) for episode in (2 * day, 2 * day + 1)
        ]  # fmt: skip
        found = read_observations(told(tmp_path / str(again), ["session,episode,step,x", *rows]))
        assert found.actions[:, 0].tolist() == [0, 1, 100, 101, 200, 201, 300, 301]
        assert found.episodes.tolist() == [0] * 4 + [1] * 4
        np.testing.assert_array_equal(
            found.chunks(2)[:, 1, 0], [1, np.nan, 101, np.nan, 201, np.nan, 301, np.nan]
        )


def test_a_step_that_tells_no_order(tmp_path: Path) -> None:
    twice = told(tmp_path / "twice", ["session,step,x", "a,0,1", "a,1,2", "a,0,3"])
    with pytest.raises(CrossgapError, match=r"line 4, column 'step': 0 is in line 2, too\. .*'episode'"):
        read_observations(twice)
    lacking = told(tmp_path / "lacking", ["episode,step,x", "0,0,1", "1,,2", "0,,3"])
    with pytest.raises(CrossgapError, match=r"line 4, column 'step': expected a whole number, as in other"):
        read_observations(lacking)


# environments


def make_env(translate: Translator) -> gym.Env:
    from crossgap.simulation.xarm7.reach import XArm7ReachEnv

    return TranslateObservation(XArm7ReachEnv(size=SIZE, cameras=("front", "side")), translate)


@pytest.mark.parametrize("context", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_goggles_in_processes_of_vector_environments(saved: Path, context: str) -> None:
    translate = Translator(saved)
    here, _ = make_env(translate).reset(seed=3)  # the parent has used torch before the fork
    environments = gym.vector.AsyncVectorEnv([lambda: make_env(translate)] * 2, context=context)
    try:
        there, _ = environments.reset(seed=[3, 4])
    finally:
        environments.close()
    for camera in ("front", "side"):
        np.testing.assert_allclose(there["pixels"][camera][0].astype(int), here["pixels"][camera], atol=1)


def test_a_translator_is_its_folder(saved: Path, tmp_path: Path) -> None:
    images = squares(2, 5, True)[0]
    again = pickle.loads(pickle.dumps(Translator(saved)))
    np.testing.assert_array_equal(again(images), AdaptedModel.load(saved).translate(images))
    assert len(pickle.dumps(again)) < 500
    with pytest.raises(CrossgapError, match="nowhere is no model"):
        Translator(tmp_path / "nowhere")


# networks of one's own in a model


def test_a_model_with_a_task_model_of_a_factory_comes_back(tmp_path: Path) -> None:
    from crossgap.data import LabelScale

    network = from_factory("toy_policy:make")
    network.get_parameter("colour.bias").data += 0.5
    scale = LabelScale((0.0, 0.0), (1.0, 1.0))
    model = AdaptedModel(network, scale, ("row", "column"), SIZE, Generator(4, 1))
    model.save(tmp_path / "model")
    images = squares(3, 0, False)[0]
    again = AdaptedModel.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(images), model.predict(images))
    factory._TRUSTED.clear()
    with pytest.raises(CrossgapError, match=r"factory 'toy_policy:make', which no file may call by itself"):
        AdaptedModel.load(tmp_path / "model")
    content = bytearray((tmp_path / "model" / "task_model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model" / "task_model.safetensors").write_bytes(content)
    factory.trust("toy_policy:make")
    with pytest.raises(CrossgapError, match="damaged or another file"):
        AdaptedModel.load(tmp_path / "model")


def test_a_file_alone_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = from_factory("toy_policy:make")
    AdaptedModel(network, __import__("crossgap").LabelScale((0.0,) * 2, (1.0,) * 2), ("a", "b"), SIZE).save(
        tmp_path / "model"
    )
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    about = json.loads((tmp_path / "model" / "adapted.json").read_text())
    about["networks"]["task_model"] = {"factory": "evil:make"}
    (tmp_path / "model" / "adapted.json").write_text(json.dumps(about))
    with pytest.raises(CrossgapError, match="which no file may call by itself"):
        AdaptedModel.load(tmp_path / "model")
    assert "evil" not in sys.modules


def test_observations_of_a_lerobot_data_set(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    from crossgap.data.lerobot import LeRobotWriter

    front, side, state = "observation.images.front", "observation.images.side", "observation.state"
    images, places = squares(5, 0, False)
    with LeRobotWriter(tmp_path / "set", 10, {state: None, "action": ["r", "c"]}, (front, side)) as to:
        for rows in (slice(0, 3), slice(3, 5)):
            values = {state: places[rows] + 1, "action": places[rows]}
            to.add_episode(values, {front: images[rows], side: 255 - images[rows]})
    found = read_observations(tmp_path / "set")
    assert (found.cameras, found.state_name, found.action_names) == ((front, side), state, ("r", "c"))
    np.testing.assert_array_equal(found.images[..., 3:], 255 - images)
    np.testing.assert_array_equal(found.state, places + 1)
    assert found.episodes.tolist() == [0, 0, 0, 1, 1]
    one = read_observations(tmp_path / "set", ("side",), (), labelled=False)
    assert (one.cameras, one.state_name, one.actions.shape) == ((side,), "", (5, 0))


def test_the_tutorial_is_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[1] / "docs" / "goggles.md").read_text(encoding="utf-8")
    policy, frames = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[:2]
    train, translate = re.findall(r"^crossgap (.*)$", text, re.MULTILINE)[:2]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the folder comes first in it, and goes again
    Path("my_policy.py").write_text(policy)
    exec(frames, {})
    few = ["--steps", "3", "--generator-width", "4", "--generator-blocks", "1", "--device", "cpu"]
    run([*train.replace("--steps 300", "").split(), *few])
    run(translate.split())
    assert len(list(Path("seen", "images").iterdir())) == 120
    sys.modules.pop("my_policy", None)
