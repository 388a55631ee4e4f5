"""One ONNX file of an adapted model, checked against torch before it is there."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import nn

from crossgap.base.files import writing
from crossgap.core.weights import DIGEST, tensors_digest
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.onnx.graph import graph_of, outputs_of
from crossgap.deploy.onnx.int8 import quantized
from crossgap.deploy.onnx.packages import needed
from crossgap.deploy.onnx.parity import check, difference, outputs_in_torch, scenes
from crossgap.deploy.onnx.session import INPUT, KEY, OnnxModel
from crossgap.errors import CrossgapError

CHECKED = 8
"""Images that parity is checked on, beside those given."""
MOST = 200
"""Of given images, which are used: evenly spaced."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    """The file."""
    output: str
    """What its first output is: `label`, `class` or `picture`."""
    difference: float
    """From torch: largest of a label or score, relative to its spread; of pictures the share of bytes that
    are rounded otherwise."""
    int8: bool
    """Whether its convolutions are in 8 bits; the difference is that of the graph before."""


def export_onnx(
    model: AdaptedModel, path: str | Path, *, picture: bool = False, images: np.ndarray | None = None,
    int8: bool = False,
) -> Exported:  # fmt: skip
    """Write a model as one ONNX file: images (n, H, W, 3) uint8 in, any n; labels in their own units out, or
    a class (n, 1) int64 and its scores; or translated images. Scaling is inside. It computes in float32,
    also what was measured in bfloat16.

    Args:
        model: with a translator or a task model.
        path: the new file, `.onnx`.
        picture: the translated image is wanted, not the label.
        images: (m, H, W, 3) uint8, such as the robot sees, on which parity is checked beside made ones, and
            8 bits are calibrated.
        int8: convolutions in 8 bits: about twice as fast, and a little otherwise.

    Raises:
        CrossgapError: the file is there already; the model has not what is asked for; a package of the extra
            `export` is missing; the network cannot be exported; what is exported computes something else; or
            8 bits are asked for without images.
    """
    path = Path(path)
    _check_asked(model, path, picture, images, int8)
    given = images[:0] if images is not None else np.empty((0, model.size, model.size, 3), np.uint8)
    if images is not None:
        given = images[np.unique(np.linspace(0, len(images) - 1, MOST).round().astype(int))]
    graph, names = graph_of(model, picture), outputs_of(model, picture)
    proto = _traced(graph, names, model.size)
    _tell(proto, model, names, "float32")
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "float32.onnx"
        needed("onnx").save_model(proto, str(plain))
        spread = np.array(model.scale.spread) if names == ["label"] else np.ones(1)
        seen = np.concatenate([scenes(CHECKED, model.size, model.size), given[:: max(1, len(given) // 32)]])
        apart = difference(outputs_in_torch(graph, seen), OnnxModel(plain).run(seen), spread)
        check(apart, names == ["picture"])
        _check_batches(plain, seen[:3])
        if int8:
            proto = quantized(plain, given)
            _tell(proto, model, names, "int8")
    with writing(path) as temporary:
        needed("onnx").save_model(proto, str(temporary))
    return Exported(path, names[0], apart, int8)


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


def _traced(graph: nn.Module, names: list[str], size: int) -> Any:
    """The graph as an ONNX model, of any number of images."""
    example = torch.from_numpy(scenes(2, size, size, seed=1))
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


def _tell(proto: Any, model: AdaptedModel, names: list[str], precision: str) -> None:
    """Write into an ONNX model what it is of."""
    about = {
        "output": names[0], "label_names": list(model.label_names), "size": model.size,
        "colours": "red, green, blue", "method": model.method, "precision": precision,
        DIGEST: {name: tensors_digest(part.state_dict()) for name, part in model.networks.items()},
    }  # fmt: skip
    needed("onnx.helper").set_model_props(proto, {KEY: json.dumps(about)})
    proto.doc_string = "crossgap export: images (n, H, W, 3) uint8, red, green, blue"


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
