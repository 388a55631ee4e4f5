"""An exported model, run here as a robot would run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.data.inputs import Images, as_images
from crossgap.data.sizes import as_size
from crossgap.deploy.onnx.packages import needed
from crossgap.errors import CrossgapError

KEY = "crossgap"
"""Under which the file's metadata tell, in JSON, what the model is."""
INPUT = "image"
"""Of the graph."""


def session(path: str | Path, threads: int = 1) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU.

    Raises:
        CrossgapError: there is no such file, or it is no whole ONNX file.
    """
    runtime = needed("onnxruntime")
    if not Path(path).is_file():
        raise CrossgapError(f"No file {path}. Expected one that `crossgap export` wrote.")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no class in common
        reason = str(error).strip().splitlines()[0]
        raise CrossgapError(
            f"{path} cannot be run ({reason}). Expected a whole file that `crossgap export` wrote."
        ) from error


class OnnxModel:
    """An ONNX file that `export_onnx` wrote.

    Args:
        path: the file.
        threads: that it is computed with.

    Attributes:
        about: what the file tells of the model: `output`, `label_names`, `size`, `method` and more.

    Raises:
        CrossgapError: it is not one, or `onnxruntime` is not installed.
    """

    def __init__(self, path: str | Path, threads: int = 1):
        self._session = session(path, threads)
        told = self._session.get_modelmeta().custom_metadata_map
        if KEY not in told:
            raise CrossgapError(
                f"{path} is of another program. Expected a file that `crossgap export` wrote."
            )
        self.about: dict[str, Any] = json.loads(told[KEY])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image that it takes."""
        size = as_size(self.about["size"])
        return size if self.about["range"] else (*size, 3)

    def run(self, images: Images) -> list[np.ndarray]:
        """All outputs of images, as in `AdaptedModel.predict`, one image at a time as a robot sees them."""
        taken = self._taken(images)
        found = [self._session.run(None, {INPUT: image[None]}) for image in taken]
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    def _taken(self, images: Images) -> np.ndarray:
        """As the graph takes them: (n, H, W, 3) uint8, or with a range (n, H, W) float32."""
        size = as_size(self.about["size"])
        if self.about["range"] is None:
            return as_images(images, size)
        array = np.asarray(images, np.float32)  # type: ignore[arg-type] (numbers, and no list of pictures)
        found = array.shape
        array = array.reshape(-1, *found[-2:])
        if array.shape[1:] != size:
            raise CrossgapError(f"Expected images (n, {size[0]}, {size[1]}) of numbers; got {found}.")
        return array

    def predict(self, images: Images) -> np.ndarray:
        """Labels (n, k) float32 as `AdaptedModel.predict`; classes (n, 1), too.

        Raises:
            CrossgapError: the file is of a translator alone.
        """
        if self.about["output"] == "picture":
            raise CrossgapError("This file has pictures as its output. Expected one with labels.")
        return self.run(images)[0].astype(np.float32)

    def translate(self, images: Images) -> np.ndarray:
        """Translated images (n, H, W, 3) uint8.

        Raises:
            CrossgapError: the file has labels as its output.
        """
        if self.about["output"] != "picture":
            raise CrossgapError("This file has labels as its output. Expected one with pictures.")
        return self.run(images)[0]
