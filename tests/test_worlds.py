"""All worlds: each enters itself from a folder of its own, and has a workspace of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

from crossgap.collection import Collection
from crossgap.commands.evaluate import closed_loop
from crossgap.errors import CrossgapError
from crossgap.simulation.base.randomization import BY_NAME, FIELD_NAMES, FUNCTIONS, get_randomization
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.base.vulkan import filament_problem
from crossgap.simulation.contact_sheet import shown
from crossgap.simulation.meshes import meshes_problem
from crossgap.simulation.registry import WORLDS
from crossgap.simulation.xarm7 import XARM7_REACH
from walkthroughs import walkthrough

DRESSED = [(name, look) for name, world in shown().items() for look in world.looks]


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    name, look = request.param
    about = WORLDS[name].looks[look]
    if (about.meshes and meshes_problem()) or (about.renderer == "filament" and filament_problem()):
        pytest.skip("it cannot be drawn here")
    made = WORLDS[name].scene(look, size=8)
    yield made
    made.close()


def test_worlds_and_looks_are_shown_in_their_order() -> None:
    assert list(WORLDS) == ["reach3", "mico", "mico_at_work", "xarm7", "grasping"]
    assert {name: list(world.looks) for name, world in shown().items()} == {
        "reach3": [
            "source", "target_a", "target_b", "target_c", "target_d", "target_pbr", "night", "rain", "haze",
            "motion_blur", "sensor_noise", "label_map",
        ],
        "mico": ["mico_source", "mico_target"],
        "xarm7": [
            "source", "camera_moved", "camera_far", "target_a", "target_b", "target_c", "target_mesh",
        ],
        "grasping": [
            "source", "target", "target_dim", "target_stickers", "randomized", "target_pbr",
        ],
    }  # fmt: skip


def test_the_option_that_chooses_a_world_tells_of_all() -> None:
    told = Path(sys.modules[Collection.__module__].__file__ or "").read_text(encoding="utf-8")
    assert all(f"{name}:" in told for name in WORLDS)


def test_environments_are_registered_and_loaded_when_they_are_made(python) -> None:
    done = python("""
import sys, gymnasium
gymnasium.make("crossgap.simulation:crossgap/XArm7PickPlace-v0", cameras=())
ids = (f"crossgap/{name}-v0" for name in ("Reach3", "XArm7Reach", "XArm7PickPlace"))
print([gymnasium.spec(name).max_episode_steps for name in ids])
names = ("reach3.environment", "reach3.scene", "mico.scene", "xarm7.pick_place")
print([name for name in names if f"crossgap.simulation.{name}" in sys.modules])
""")
    assert (done.stdout, done.stderr) == ("[100, 50, 50]\n['xarm7.pick_place']\n", "")


@pytest.mark.parametrize("scene", DRESSED, indirect=True, ids="-".join)
def test_randomization_of_strength_0_is_as_if_there_was_none(scene: Scene) -> None:
    def looks_like(strength: float) -> list[dict[str, np.ndarray]]:
        rng = np.random.default_rng(3)
        first = scene.new_appearance(rng, strength)
        return [first, scene.next_appearance(first, rng, strength)]

    plain = looks_like(1.0)
    for name in BY_NAME:
        scene.randomization = get_randomization(name)
        for fields, expected in zip(looks_like(0.0), plain, strict=True):
            for field in FIELD_NAMES:
                np.testing.assert_array_equal(fields[field], expected[field], err_msg=f"{name}: {field}")


@pytest.mark.parametrize("scene", DRESSED, indirect=True, ids="-".join)
def test_hardly_any_randomization_hardly_changes_anything(scene: Scene) -> None:
    """Lights that moved by nothing would be turned, were they aimed at another world's workspace."""
    default = {name: getattr(scene.model, name).copy() for name in FIELD_NAMES}
    for function in FUNCTIONS:
        fields = {name: array.copy() for name, array in default.items()}
        function(fields, scene.model, np.random.default_rng(0), 1e-9)
        for name in FIELD_NAMES:
            np.testing.assert_allclose(fields[name], default[name], atol=1e-6, err_msg=function.__name__)


@pytest.mark.parametrize("scene", DRESSED, indirect=True, ids="-".join)
def test_lights_shine_on_the_workspace_of_their_world_wherever_they_move(scene: Scene) -> None:
    (workspace,) = {look.workspace for look in scene.looks.values()}
    scene.variation, scene.randomization = (), get_randomization("light_pos+light_turn+light_hue")
    moved = scene.new_appearance(np.random.default_rng(0))
    assert not np.allclose(moved["light_pos"], scene.model.light_pos, atol=0.1)
    for fields in ({name: getattr(scene.model, name) for name in FIELD_NAMES}, moved):
        way = np.array(workspace) - fields["light_pos"]
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        np.testing.assert_allclose(fields["light_dir"], way, atol=1e-6)


def test_an_episode_without_randomization_strength_stays_as_it_is_in_time() -> None:
    env = gymnasium.make(XARM7_REACH, size=24, randomization="light_effects", disable_env_checker=True)
    for strength, same in ((0.0, True), (1.0, False)):
        env.reset(seed=3, options={"randomization_strength": strength})
        first = env.unwrapped._appearance["light_pos"].copy()  # type: ignore[attr-defined]
        env.step(np.zeros(3))
        assert np.array_equal(env.unwrapped._appearance["light_pos"], first) is same  # type: ignore[attr-defined]


def test_models_are_played_in_the_one_world_where_their_labels_are_actions(monkeypatch) -> None:
    arm, other = WORLDS["reach3"], replace(WORLDS["mico"], label_names=("x",), closed_loop="toy/X-v0")
    monkeypatch.setattr(closed_loop, "WORLDS", {"reach3": arm, "other": other, "mico": WORLDS["mico"]})
    one, two, three = (SimpleNamespace(label_names=names) for names in (arm.label_names, ("x",), ("y",)))
    assert closed_loop.world_that_moves({"a": one, "b": one}) is arm  # type: ignore[arg-type]
    assert closed_loop.world_that_moves({"a": two}) is other  # type: ignore[arg-type]
    for models, expected in (({"a": three}, r"joint_velocity_3 or x to"), ({"a": two, "b": one}, r"x to")):
        with pytest.raises(CrossgapError, match=f"Expected (.*, )?{expected} move the arm"):
            closed_loop.world_that_moves(models)  # type: ignore[arg-type]


PLAYED = """
import sys
import crossgap.simulation
crossgap.simulation.__path__.append(sys.argv[1])
if __name__ == "__main__":
    import gymnasium, numpy as np
    from crossgap import Collection, CrossgapError, collect, read_folder
    from crossgap.simulation.base.workers import EnvironmentPool
    from crossgap.simulation.contact_sheet import contact_sheet, shown

    made = Collection("target_lit", episodes=3, steps=2, size=16, world="ball")
    data = read_folder(collect(made, sys.argv[2] + "/data", workers=1))
    print(data.images.shape, data.label_names, float(abs(data.labels).max()) < 0.2)
    try:
        collect(Collection("marble", world="ball"), sys.argv[2] + "/none")
    except CrossgapError as error:
        print(error)
    env = gymnasium.make("toy/Ball-v0", look="target_lit")
    print(env.spec.max_episode_steps, env.reset(seed=0)[0]["pixels"]["front"].shape)
    with EnvironmentPool("toy/Ball-v0", 2, workers=1, size=16) as pool:
        first, again = pool.reset([0, 1])[0], pool.step(np.full((2, 2), 0.1))[0]
        first, again = (seen["pixels"]["front"] for seen in (first, again))
        print(first.shape, np.array_equal(first, again))
    print(list(shown()), contact_sheet(sys.argv[2] + "/looks.png", size=8).name)
"""


def test_a_world_is_a_folder_that_of_the_walk_through_and_nothing_else(python, tmp_path: Path) -> None:
    done = python(PLAYED, walkthrough("simulation", tmp_path / "worlds"), tmp_path)
    assert done.stdout.splitlines() == [
        "(6, 16, 16, 3) ('x', 'y') True",
        "Look 'marble' not found. Available: source, target_lit.",
        "7 (16, 16, 3)",
        "(2, 16, 16, 3) False",
        "['reach3', 'mico', 'xarm7', 'ball', 'grasping'] looks.png",
    ], done.stderr
    assert json.loads((tmp_path / "data" / "dataset.json").read_text())["world"] == "ball"
