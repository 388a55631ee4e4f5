"""A translator by its folder, loaded where it is used: in any process, forked or spawned."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crossgap.data.inputs import Images, Order
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import check_translates


class Translator:
    """F: Y → X of an adapted model, for `TranslateObservation`, a robot's loop or another process.

    It is read when it is first called, and once more in a process that was forked from one that had called
    it: what a child inherits of torch may wait for threads that it has not. Pickled, it is its folder.

    Args:
        folder: of an adapted model with a translator, such as that of goggles.
        device: where it runs; a forked process can use no GPU that its parent has used.

    Raises:
        CrossgapError: there is no such model, or it has no translator.
    """

    def __init__(self, folder: str | Path, device: str = "cpu"):
        self.folder, self.device = Path(folder), device
        self._model: AdaptedModel | None = None
        self._process = 0
        self.model  # noqa: B018 (what is wrong is said here, not in a process of an environment)

    @property
    def model(self) -> AdaptedModel:
        """The model, of this process."""
        if self._model is None or self._process != os.getpid():
            forked = self._process not in (0, os.getpid())
            if forked:
                torch.set_num_threads(1)
            self._model, self._process = AdaptedModel.load(self.folder, self.device), os.getpid()
            check_translates(self._model)
        return self._model

    def __call__(self, images: Images, channels: Order = "rgb") -> np.ndarray:
        """As `AdaptedModel.translate`."""
        return self.model.translate(images, channels)

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "device": self.device, "_model": None, "_process": 0}
