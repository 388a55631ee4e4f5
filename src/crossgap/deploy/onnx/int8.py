"""Convolutions in 8 bits, calibrated on images."""

from __future__ import annotations

import contextlib
import io
import logging
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.deploy.onnx.packages import needed


def quantized(path: Path, images: np.ndarray) -> Any:
    """A file's model with its convolutions in 8 bits: weights signed, a scale for each channel; activations
    unsigned, between the smallest and largest that the images cause (static quantization, QDQ).
    Everything else stays in float32: norms need it, and the last layers cost nothing.

    Args:
        path: of an ONNX file; others are written beside it.
        images: such as the robot sees, as the graph takes them.
    """
    quantization = needed("onnxruntime.quantization")
    prepared, done = path.with_name("prepared.onnx"), path.with_name("int8.onnx")
    with _quiet():
        needed("onnxruntime.quantization.shape_inference").quant_pre_process(
            str(path), str(prepared), skip_symbolic_shape=True
        )
        quantization.quantize_static(
            str(prepared), str(done), _reader(quantization, images), per_channel=True,
            quant_format=quantization.QuantFormat.QDQ, op_types_to_quantize=["Conv"],
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        )  # fmt: skip
    return needed("onnx").load_model(str(done))


def _reader(quantization: Any, images: np.ndarray) -> Any:
    """What quantization reads images from."""
    from crossgap.deploy.onnx.session import INPUT

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._left = iter(images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self._left, None)
            return None if image is None else {INPUT: image[None]}

    return Reader()


@contextlib.contextmanager
def _quiet() -> Any:
    """Without what it recommends on its way."""
    logger = logging.getLogger()
    before, logger.level = logger.level, logging.ERROR
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.level = before
