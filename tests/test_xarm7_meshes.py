"""The look `target_mesh`: where its files come from, how they are read, and that they fit our kinematics."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from PIL import Image

from crossgap.base import files
from crossgap.errors import CrossgapError
from crossgap.simulation import meshes
from crossgap.simulation.base.textures import SIZE
from crossgap.simulation.contact_sheet import _drawable
from crossgap.simulation.meshes import (
    DETAIL,
    FILES,
    GRIPPER,
    KEPT,
    LINKS,
    ROBOSUITE,
    STL_TRIANGLE,
    simplified,
)
from crossgap.simulation.registry import WORLDS
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.kinematics import HOME, LIMIT_HIGH, LIMIT_LOW, Kinematics
from crossgap.simulation.xarm7.looks import LOOKS
from crossgap.simulation.xarm7.scene import XArm7Scene

REAL = files.cache_folder() / KEPT
GEOMS = {"left_finger": "finger_1", "right_finger": "finger_-1"}
"""Whose geom is called as in the other looks."""
CORNERS = np.array(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij")).reshape(3, -1).T
BOX = np.array([[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]])
EXTENTS = {
    "left_finger": ((-0.016, -0.026, -0.006), (0.016, 0.006, 0.061)),
    "right_finger": ((-0.016, -0.006, -0.006), (0.016, 0.026, 0.061)),
}
"""Of the real fingers, metres; every other part is a box of 6 cm here."""


def box_stl(low, high) -> bytes:
    corners = np.asarray(low) + CORNERS * np.subtract(high, low)
    triangles = np.zeros(12, STL_TRIANGLE)
    triangles["corners"] = corners[np.concatenate([BOX[:, [2, 1, 0]], BOX[:, [3, 2, 0]]])]
    return bytes(80) + len(triangles).to_bytes(4, "little") + triangles.tobytes()


def content(path: str) -> bytes:
    name = Path(path)
    if name.suffix == ".stl":
        return box_stl(*EXTENTS.get(name.stem, ((-0.03,) * 3, (0.03,) * 3)))
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(file, "PNG")
    return file.getvalue() if name.suffix == ".png" else b"a licence"


def write_wheel(path: Path) -> str:
    """A wheel such as robosuite's, with boxes for meshes; its digest."""
    information = meshes.FILES[-1].split("/")[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in FILES:
            archive.writestr(name, content(name))
        archive.writestr(
            f"{information}/METADATA", "Metadata-Version: 2.1\nName: robosuite\nVersion: 1.5.2\n"
        )
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
        archive.writestr("robosuite/__init__.py", "raise SystemExit('imported')")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def known(monkeypatch, sha256: str) -> None:
    """Let the wheel of that digest be the one that is expected."""
    monkeypatch.setattr(meshes, "ROBOSUITE", replace(ROBOSUITE, sha256=sha256))


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return files.cache_folder()


@pytest.fixture
def boxes(cache, monkeypatch) -> Path:
    """A cache in which every mesh is a box."""
    known(monkeypatch, write_wheel(cache / ROBOSUITE.file))
    return meshes.fetch_meshes()


# where the files come from


def test_pip_fetches_the_wheel_and_only_what_is_needed_stays(cache, tmp_path, monkeypatch) -> None:
    known(monkeypatch, write_wheel(tmp_path / "index" / ROBOSUITE.file))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    kept = meshes.fetch_meshes()
    assert list(cache.iterdir()) == [kept]
    with zipfile.ZipFile(kept) as archive:
        assert sorted(archive.namelist()) == sorted(Path(name).name for name in FILES)
    assert meshes.read_kept("LICENSE") == b"a licence"
    monkeypatch.setattr(subprocess, "run", None)  # and is not fetched again
    assert meshes.fetch_meshes() == kept


def test_without_an_index_it_says_what_to_do_and_leaves_nothing(cache, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(CrossgapError, match=r"pip download --no-deps robosuite==1\.5\.2") as told:
        meshes.fetch_meshes()
    assert str(cache) in str(told.value)
    assert list(cache.iterdir()) == []


def test_another_wheel_is_refused(cache) -> None:
    write_wheel(cache / ROBOSUITE.file)
    with pytest.raises(CrossgapError, match=r"expected SHA-256 b9e02df5.*the archive of robosuite 1\.5\.2"):
        meshes.fetch_meshes()
    assert not (cache / KEPT).exists()


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_damaged_cache(boxes, damage) -> None:
    if damage == "cut":
        boxes.write_bytes(boxes.read_bytes()[:500])
    else:
        with zipfile.ZipFile(boxes, "w") as archive:
            archive.writestr("link1.stl", "")
    with pytest.raises(CrossgapError, match=r"is damaged.*Delete it, then: python -m crossgap"):
        meshes.mesh("link2")


def test_without_the_meshes_only_their_look_fails_and_says_how_to_get_them(cache) -> None:
    with pytest.raises(CrossgapError, match=r"meshes are not there.*python -m crossgap\.simulation\.meshes"):
        gymnasium.make(XARM7_REACH, look="target_mesh", size=36).reset(seed=0)
    assert "target_mesh" in LOOKS
    gymnasium.make(XARM7_REACH, look="target_b", size=36).reset(seed=0)


def test_the_contact_sheet_has_the_look_where_the_meshes_are(cache, request) -> None:
    world = replace(WORLDS["mico"], entry_point="crossgap.simulation.xarm7.scene:XArm7Scene")
    others = [name for name in LOOKS if name != "target_mesh"]
    assert _drawable(world) == others
    request.getfixturevalue("boxes")
    assert _drawable(world) == list(LOOKS)


def test_the_command(boxes) -> None:
    ran = subprocess.run(
        [sys.executable, *meshes.COMMAND.split()[1:]],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert ran.stdout.strip() == str(boxes)


# how they are read


def test_an_stl_file() -> None:
    read = meshes.read_stl(box_stl((0, 0, 0), (1, 2, 3)), "box.stl")
    assert read.shape == (12, 3, 3)
    np.testing.assert_array_equal(np.unique(read.reshape(-1, 3), axis=0), CORNERS * [1, 2, 3])
    for wrong in (b"solid ascii", box_stl((0, 0, 0), (1, 2, 3))[:-1], bytes(84)):
        with pytest.raises(CrossgapError, match=r"box\.stl is not a whole binary STL file"):
            meshes.read_stl(wrong, "box.stl")


def test_corners_in_one_cell_become_their_mean_and_flat_triangles_go() -> None:
    a, b, c, d = [0.0, 0, 0], [10.0, 0, 0], [0, 10.0, 0], [0.2, 0.1, 0]  # d lies in a's cell
    vertices, faces = simplified(np.array([[a, b, c], [b, c, d], [a, d, b]]), 1.0)
    np.testing.assert_allclose(vertices, [[0.1, 0.05, 0], [0, 10, 0], [10, 0, 0]])
    np.testing.assert_array_equal(faces, [[0, 2, 1]])  # the third is flat, and the second the first again


def test_a_simplified_box_is_the_box_facing_outwards() -> None:
    vertices, faces = simplified(meshes.read_stl(box_stl((0, 0, 0), (1, 2, 3)), ""), 0.01)
    assert (len(vertices), len(faces)) == (8, 12)
    a, b, c = vertices[faces].transpose(1, 0, 2)
    assert np.einsum("ij,ij->", a, np.cross(b, c)) / 6 == pytest.approx(6)  # its volume


def test_a_photograph(boxes) -> None:
    image = meshes.photograph("light-wood")
    assert image.shape == (SIZE, SIZE, 3)
    assert (image == 90).all()


# that they fit


@pytest.fixture(params=["boxes", "real"])
def scene(request, tmp_path, monkeypatch) -> XArm7Scene:
    """The look with boxes, and with the real meshes where they have been fetched."""
    if request.param == "boxes":
        request.getfixturevalue("boxes")
    elif not REAL.exists():
        pytest.skip(f"the real meshes are not there; {meshes.COMMAND} fetches them")
    return XArm7Scene("target_mesh", size=48)


def vertices_of(scene: XArm7Scene, name: str) -> np.ndarray:
    """Of a mesh in the world, (n, 3) metres."""
    model, number = scene.model, scene.model.mesh(name).id
    first, count = model.mesh_vertadr[number], model.mesh_vertnum[number]
    geom = scene.data.geom(GEOMS.get(name, name))
    return model.mesh_vert[first : first + count] @ geom.xmat.reshape(3, 3).T + geom.xpos


def test_the_fingertips_are_around_the_tool_point(scene) -> None:
    kinematics, rng = Kinematics(), np.random.default_rng(0)
    fields = scene.new_appearance(rng)
    for _ in range(50):
        q = rng.uniform(np.maximum(LIMIT_LOW, -np.pi), np.minimum(LIMIT_HIGH, np.pi))
        scene.pose(q, fields)
        tool, pointing = kinematics.tool(q)
        tips = []
        for side in ("left", "right"):
            finger = vertices_of(scene, f"{side}_finger")
            along = (finger - tool) @ pointing
            assert along.max() == pytest.approx(0, abs=2e-3)
            tips.append(finger[along > along.max() - 4e-3].mean(0))
        gap = tips[0] - tips[1]
        assert abs(gap @ pointing) < 1e-3
        np.testing.assert_allclose(np.mean(tips, 0), tool, atol=3e-3)
        assert 0.04 < np.linalg.norm(gap) < 0.10


def test_every_link_is_drawn_from_both_cameras(scene) -> None:
    fields, q = (
        scene.new_appearance(np.random.default_rng(0)),
        Kinematics().inverse(HOME, np.array([0.4, 0, 0.15]), 50),
    )
    scene.pose(q, fields)
    whole = {camera: scene.view(camera)[0].astype(int) for camera in ("front", "side")}
    seen = dict.fromkeys(DETAIL, 0)
    for name in DETAIL:
        hidden = {key: array.copy() for key, array in fields.items()}
        hidden["geom_rgba"][scene.model.geom(GEOMS.get(name, name)).id, 3] = 0
        scene.pose(q, hidden)
        for camera, image in whole.items():
            seen[name] += int((np.abs(scene.view(camera)[0] - image).max(-1) > 8).sum())
    for part in ("link_base", "link2", "link4", "base_link", "left_finger", "right_finger"):
        assert seen[part] > 0, part
    assert set(seen) == {*LINKS, *GRIPPER}


def test_what_happens_is_the_same_as_in_any_other_look(boxes) -> None:
    states = []
    for look in ("source", "target_mesh"):
        env = gymnasium.make(XARM7_REACH, look=look, randomization="full", size=40, disable_env_checker=True)
        seen, _ = env.reset(seed=5)
        moved, *_ = env.step(np.array([0.3, 1.0, -1.0], np.float32))
        states.append((seen["agent_pos"], seen["desired_goal"], moved["state"]))
        assert moved["pixels"]["side"].std() > 5
    for source, target in zip(*states, strict=True):
        np.testing.assert_array_equal(source, target)
