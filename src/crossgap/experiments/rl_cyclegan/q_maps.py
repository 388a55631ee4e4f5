"""Where a Q-function would grasp: the best value of any turn, at every place of the image."""

from collections.abc import Sequence

import numpy as np
import torch

from crossgap.data.batches import image_tensor
from crossgap.experiments.rl_cyclegan.bins import FORM, NUMBERS
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.rl.replay import Episode
from crossgap.simulation.grasping.bins import FLOOR
from crossgap.simulation.grasping.looks import LOOKS
from crossgap.simulation.grasping.once import GRASP_MIDDLE, GRASP_REACH

TURNS = 8
"""Yaws that are tried at every place."""
DEEP = -1.0
"""The action's z: as deep as a grasp can be."""


def places(camera: tuple[float, ...], side: int) -> np.ndarray:
    """Where on the bin's floor a camera's pixels look, (side, side, 2): x and y of a grasp's action, from −1
    to 1 within the workspace.

    Args:
        camera: its projection, 12 numbers, as of `GraspLook.pinhole`.
        side: width and height of the image, pixels.
    """
    matrix = np.reshape(camera, (3, 4))
    floor = np.column_stack([matrix[:, 0], matrix[:, 1], FLOOR * matrix[:, 2] + matrix[:, 3]])
    middles = (np.arange(side) + 0.5) / side * 2 - 1
    u, v = np.meshgrid(middles, middles)
    points = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(floor).T
    return (points[..., :2] / points[..., 2:] - GRASP_MIDDLE[:2]) / GRASP_REACH[:2]


@torch.no_grad()
def q_map(learner: QTOpt, frame: np.ndarray, numbers: np.ndarray, camera: tuple[float, ...]) -> np.ndarray:
    """Q at every place of an image, (H, W) in (0, 1), the best of `TURNS` yaws; 0 out of reach.

    Args:
        learner: whose Q, the running mean of its weights.
        frame: (H, W, 3) uint8.
        numbers: what the robot measures, (7,).
        camera: that took the image.
    """
    where = places(camera, len(frame)).reshape(-1, 2)
    within = np.flatnonzero((np.abs(where) <= 1).all(1))
    yaws = np.pi * (np.arange(TURNS) / TURNS - 0.5)
    point = np.repeat(where[within], TURNS, 0)
    turn = np.tile(np.stack([np.sin(yaws), np.cos(yaws)], 1), (len(within), 1))
    actions = np.concatenate([point, np.full((len(point), 1), DEEP), turn], 1).astype(np.float32)
    assert actions.shape[1] == FORM.size
    device, critic = learner.device, learner.targets.mean
    seen = critic.see(image_tensor(frame[None], device))
    measured = torch.from_numpy(numbers.reshape(1, NUMBERS)).to(device)
    logits = critic.judge(seen, measured, torch.from_numpy(actions[None]).to(device))[0]
    found = np.zeros(frame.shape[0] * frame.shape[1])
    found[within] = logits.sigmoid().view(-1, TURNS).amax(1).cpu().numpy()
    return found.reshape(frame.shape[:2])


def overlaid(frame: np.ndarray, values: np.ndarray, most: float = 0.7) -> np.ndarray:
    """An image (H, W, 3) uint8 in grey with values (H, W) over it: the higher, the more red; from `most` on
    all red."""
    grey = frame.mean(-1, keepdims=True).repeat(3, -1)
    weight = np.clip(values / most, 0, 1)[..., None]
    return np.round((1 - weight) * grey + weight * np.array([255, 30, 0])).astype(np.uint8)


def mapped(learner: QTOpt, episodes: Sequence[Episode]) -> np.ndarray:
    """The images (n, H, W, 3) that attempts began with, their `q_map` over each: where Q, which knows the
    simulated camera, takes the place to be."""
    camera = LOOKS["source"].pinhole()
    return np.stack([
        overlaid(one.frames[0], q_map(learner, one.frames[0], one.states[0], camera)) for one in episodes
    ])  # fmt: skip
