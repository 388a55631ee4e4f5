"""A camera that always has its latest image at hand. Needs OpenCV, to read from the camera alone."""

from __future__ import annotations

import threading
import time

import cv2  # pyright: ignore[reportMissingImports]
import numpy as np
from PIL import Image

from crossgap.errors import CrossgapError

PATIENCE = 5.0
"""How long to wait for the first image, seconds."""


def squared(image: np.ndarray, size: int) -> np.ndarray:
    """The middle square of an image (h, w, 3) uint8, resized to (size, size, 3)."""
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    square = Image.fromarray(np.ascontiguousarray(image[top : top + side, left : left + side]))
    return np.asarray(square.resize((size, size), Image.Resampling.BOX))


class LatestFrame:
    """Reads a camera in a thread of its own, because OpenCV would hand out images from a queue, late.

    When the camera fails, the last image stays and grows old, which whoever asks for it can see.

    Args:
        device: OpenCV's number of the camera.
        size: width and height of the images in pixels.

    Raises:
        CrossgapError: there is no such camera, or no image comes from it.
    """

    def __init__(self, device: int, size: int):
        self._size, self._latest, self._open = size, None, True
        self._capture = cv2.VideoCapture(device)
        if not self._capture.isOpened():
            raise CrossgapError(f"OpenCV finds no camera number {device}.")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + PATIENCE
        while self._latest is None:
            if time.monotonic() > deadline:
                self.close()
                raise CrossgapError(f"Camera {device} gave no image within {PATIENCE:g} s.")
            time.sleep(0.01)

    def __call__(self) -> tuple[np.ndarray, float] | None:
        """The latest image, (size, size, 3) uint8 in red, green, blue, and the time it was asked for."""
        return self._latest

    def close(self) -> None:
        """Let go of the camera."""
        self._open = False
        self._thread.join(PATIENCE)
        self._capture.release()

    def _read(self) -> None:
        while self._open:
            taken = time.monotonic()  # before, so that an image is never older than it says
            found, image = self._capture.read()
            if found:
                self._latest = squared(image[..., ::-1], self._size), taken
