"""One ONNX file of an adapted model, checked against torch before it is there."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import nn

from crossgap.base.files import writing
from crossgap.core.weights import DIGEST, tensors_digest
from crossgap.data.images import LabelScale
from crossgap.data.inputs import as_images
from crossgap.data.sizes import Size, as_size, shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.onnx.graph import graph_of, outputs_of
from crossgap.deploy.onnx.int8 import quantized
from crossgap.deploy.onnx.packages import needed
from crossgap.deploy.onnx.parity import check, difference, outputs_in_torch, scenes
from crossgap.deploy.onnx.resize import Prepare
from crossgap.deploy.onnx.session import INPUT, KEY, OnnxModel
from crossgap.errors import CrossgapError

CHECKED = 8
"""Images that parity is checked on, beside those given."""
PREPARED = "prepared"
"""What goes from the graph of the preparation to that of the networks."""
MOST = 200
"""Of given images, which are used: evenly spaced."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    """The file."""
    output: str
    """What its first output is: `label`, `class` or `picture`."""
    takes: str
    """What its input is, in words."""
    difference: float
    """From torch: largest of a label or score, relative to its spread; of pictures the share of bytes that
    are rounded otherwise."""
    int8: bool
    """Whether its convolutions are in 8 bits; the difference is that of the graph before."""
    prepared: OnnxModel
    """The same from prepared images on."""


@dataclass(frozen=True)
class Plan:
    """What is exported."""

    model: AdaptedModel
    picture: bool
    """Whether the translated image is wanted."""
    camera: Size | None
    """Height and width of the camera's images, which are prepared inside; None of prepared images."""

    @property
    def about(self) -> dict[str, Any]:
        """What the file says of the model."""
        model, prepared = self.model, self.camera and self.model.preparation
        about = {
            "output": outputs_of(model, self.picture)[0], "label_names": list(model.label_names),
            "size": list(self.camera or model.size), "range": prepared.value_range if prepared else None,
            "preparation": prepared.to_json() if prepared else None, "colours": "red, green, blue",
            "method": model.method,
            DIGEST: {name: tensors_digest(part.state_dict()) for name, part in model.networks.items()},
        }  # fmt: skip
        return about

    def seen(self, images: np.ndarray) -> np.ndarray:
        """Images as the model's networks see them."""
        return as_images(images, self.model.size, preparation=self.model.preparation)

    def made_up(self, count: int, seed: int = 0) -> np.ndarray:
        """Images such as the file takes."""
        images = scenes(count, *(self.camera or self.model.size), seed)
        low_high = self.about["range"]
        if low_high is None:
            return images
        low, high = low_high
        return (low + images[..., 0].astype(np.float32) / 255 * (high - low)).astype(np.float32)


def export_onnx(
    model: AdaptedModel, path: str | Path, *, picture: bool = False, camera: int | Size | None = None,
    images: np.ndarray | None = None, int8: bool = False,
) -> Exported:  # fmt: skip
    """Write a model as one ONNX file: images (n, H, W, 3) uint8 in, any n; labels in their own units out, or
    a class (n, 1) int64 and its scores; or translated images. Preparation and scaling are inside. It computes
    in float32, also what was measured in bfloat16.

    Args:
        model: with a translator or a task model.
        path: the new file, `.onnx`.
        picture: the translated image is wanted, not the label.
        camera: height and width of the camera's images, for a model with a preparation; by default what that
            says, else the file takes prepared images. With a range its input is (n, H, W) float32.
        images: (m, h, w, 3) uint8, such as the networks see, on which parity is checked beside made ones,
            and 8 bits are calibrated.
        int8: convolutions in 8 bits: about twice as fast, and a little otherwise.

    Raises:
        CrossgapError: the file is there already; the model has not what is asked for; a package of the extra
            `export` is missing; the network cannot be exported; what is exported computes something else; or
            8 bits are asked for without images.
    """
    path, plan = Path(path), _planned(model, picture, camera)
    _check_asked(model, path, picture, images, int8)
    given = np.empty((0, *model.size, 3), np.uint8)
    if images is not None:
        given = images[np.unique(np.linspace(0, len(images) - 1, MOST).round().astype(int))]
    graph, names = graph_of(model, picture), outputs_of(model, picture)
    scale = model.scale if names == ["label"] else None
    spread = np.array(scale.spread) if isinstance(scale, LabelScale) else np.ones(1)

    def apart(file: Path, images: np.ndarray) -> float:
        """How far a file is from torch on images such as it takes."""
        found = difference(outputs_in_torch(graph, plan.seen(images)), OnnxModel(file).run(images), spread)
        check(found, names == ["picture"])
        return found

    with TemporaryDirectory() as folder:
        core = Path(folder) / "core.onnx"
        after = replace(plan, camera=None)
        proto = _traced(graph, names, after.made_up(2, seed=1))
        _write(proto, after, "float32", core)
        seen = np.concatenate([after.made_up(CHECKED), given[:: max(1, len(given) // 32)]])
        largest = apart(core, seen)
        _check_batches(core, seen[:3])
        if plan.camera is not None:
            proto = _behind(plan, proto)
            _write(proto, plan, "float32", whole := Path(folder) / "whole.onnx")
            largest = max(largest, apart(whole, plan.made_up(CHECKED)))
        if int8:
            proto = quantized(core, given)
            _write(proto, after, "int8", core)
            proto = proto if plan.camera is None else _behind(plan, proto)
        prepared = OnnxModel(core)
    with writing(path) as temporary:
        _write(proto, plan, "int8" if int8 else "float32", temporary)
    return Exported(path, names[0], _takes(plan), largest, int8, prepared)


def _behind(plan: Plan, core: Any) -> Any:
    """A graph of prepared images, with the preparation of the camera's before it."""
    assert plan.model.preparation is not None
    assert plan.camera is not None
    prepare = nn.Sequential(Prepare(plan.model.preparation, plan.camera))
    first = _traced(prepare, [PREPARED], plan.made_up(2, seed=1))
    compose = needed("onnx.compose")
    first.ir_version = core.ir_version
    core = compose.add_prefix(core, "core/", rename_inputs=True, rename_outputs=False)
    return compose.merge_models(first, core, io_map=[(PREPARED, f"core/{INPUT}")])


def _planned(model: AdaptedModel, picture: bool, camera: int | Size | None) -> Plan:
    prepared = model.preparation
    if camera is not None and prepared is None:
        raise CrossgapError(
            f"This model has no preparation: it takes images of {shown(model.size)} pixels. "
            "Expected no camera."
        )
    size = as_size(camera) if camera is not None else prepared.camera if prepared else None
    if prepared and prepared.camera and size != prepared.camera:
        raise CrossgapError(
            f"The model's region of interest is of images of {shown(prepared.camera)} pixels; got a camera "
            f"of {shown(size or (0, 0))}. Expected the same."
        )
    if prepared and size is None and (prepared.value_range or prepared.roi):
        raise CrossgapError(
            "What this model was trained on was cut out of the camera's images, or mapped from other values. "
            "Expected the camera's size, --camera HEIGHTxWIDTH."
        )
    if prepared and prepared.roi and size:
        x, y, width, height = prepared.roi
        if y + height > size[0] or x + width > size[1]:
            raise CrossgapError(
                f"The model's region of interest ends at {x + width},{y + height}, outside of a camera's "
                f"images of {shown(size)} pixels."
            )
    return Plan(model, picture, size)


def _takes(plan: Plan) -> str:
    """The file's input, in words."""
    height, width = plan.camera or plan.model.size
    if plan.about["range"]:
        low, high = plan.about["range"]
        return f"images (n, {height}, {width}) float32, {low:g} black and {high:g} white"
    return f"images (n, {height}, {width}, 3) uint8, red, green, blue"


def _check_asked(
    model: AdaptedModel, path: Path, picture: bool, images: np.ndarray | None, int8: bool
) -> None:
    if path.suffix.lower() != ".onnx":
        raise CrossgapError(f"{path} cannot be written. Expected a name that ends in .onnx.")
    if path.exists():
        raise CrossgapError(f"{path} exists already. Expected a new file.")
    if not {"translator", "task_model"} & model.networks.keys():
        raise CrossgapError("This model draws from noise alone. Expected one that predicts or translates.")
    if picture and model.translator is None:
        raise CrossgapError("This model has no translator, so no picture comes out. Expected one that has.")
    if int8 and (images is None or not len(images)):
        raise CrossgapError(
            "8 bits are calibrated on images, and there are none. Expected such as the robot sees, "
            "--calibration FOLDER."
        )
    for package in ("onnx", "onnxscript", "onnxruntime"):
        needed(package)


def _traced(graph: nn.Module, names: list[str], images: np.ndarray) -> Any:
    """The graph as an ONNX model, of any number of images such as these."""
    example = torch.from_numpy(images)
    batch = torch.export.Dim("batch", min=1)
    try:
        with _quiet():
            program = torch.onnx.export(
                graph, (example,), None, input_names=[INPUT], output_names=names, dynamo=True,
                dynamic_shapes=({0: batch},), external_data=False, verbose=False,
            )  # fmt: skip
    except Exception as error:  # of the exporter: many kinds, most from a user's own network
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        layers = ", ".join(type(part).__name__ for part in graph)  # type: ignore[attr-defined]
        raise CrossgapError(
            f"This model cannot be exported ({reason}). Expected networks that `torch.export` takes, with "
            f"any number of images; this one is {layers}."
        ) from error
    assert program is not None
    return program.model_proto


@contextlib.contextmanager
def _quiet() -> Any:
    """Without what the exporter says of packages that nobody needs here."""
    logger = logging.getLogger("torch.onnx")
    before, logger.level = logger.level, logging.ERROR
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.level = before


def _write(proto: Any, plan: Plan, precision: str, path: Path) -> None:
    """Write an ONNX model, which says what it is of."""
    needed("onnx.helper").set_model_props(proto, {KEY: json.dumps(plan.about | {"precision": precision})})
    proto.doc_string = f"crossgap export: {_takes(plan)}"
    needed("onnx").save_model(proto, str(path))


def _check_batches(path: Path, images: np.ndarray) -> None:
    """Whether several images at once come to what each does alone."""
    model = OnnxModel(path)
    together = model._session.run(None, {INPUT: images})
    for one, other in zip(model.run(images), together, strict=True):
        if one.shape != other.shape or not np.allclose(
            one, other, rtol=1e-3, atol=1e-3 + (one.dtype == np.uint8)
        ):
            raise CrossgapError(
                "The exported graph mixes the images of a batch. Expected a network that sees each alone."
            )
