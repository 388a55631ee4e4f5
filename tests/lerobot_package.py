"""Run by LeRobot's own Python, never by ours: reads or writes a data set with the real package.

lerobot_package.py read FOLDER OUT.npz     every item of it, as LeRobot gives it
lerobot_package.py write FOLDER IN.npz VIDEO    a new one, of the same; VIDEO is `image` or `video`
"""

import sys
from pathlib import Path

import av
import numpy as np
import torch
from torch import library

CAMERA, STATE = "observation.images.front", "observation.state"


def stand_in_for_torchvision() -> None:
    """What torchvision lacks where it is built for another torch, or is newer than LeRobot: operators that
    nobody here calls, and the reader of videos."""
    try:
        import torchvision
    except Exception:  # of another torch: its operators fail in ways of their own
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        operators = library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        stand_in_for_torchvision.operators = operators  # or they would go with it
        import torchvision

    torchvision.set_video_backend = lambda _: None
    torchvision.io.VideoReader = VideoReader


class VideoReader:
    """As torchvision's, by PyAV."""

    def __init__(self, path: str, stream: str):
        self.container = av.open(path)

    def seek(self, time: float, keyframes_only: bool = False) -> None:
        self.container.seek(int(time * 1e6), any_frame=False, backward=True)

    def __iter__(self):
        for frame in self.container.decode(video=0):
            pixels = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)
            yield {"data": pixels, "pts": frame.time}


def read(root: str, output: str) -> None:
    """All items of a data set as arrays."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    found = LeRobotDataset("local/set", root=root, video_backend="pyav")
    items = [found[index] for index in range(len(found))]
    arrays = {key: np.stack([item[key].numpy() for item in items]) for key in items[0] if key != "task"}
    np.savez(output, tasks=np.array([item["task"] for item in items]), **arrays)


def write(root: str, given: str, storage: str) -> None:
    """A data set of `action`, `observation.state`, images, episodes and tasks."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    data = np.load(given)
    images = data["images"]
    features = {
        "action": {"dtype": "float32", "shape": data["action"].shape[1:], "names": ["x", "y", "grip"]},
        STATE: {"dtype": "float32", "shape": data[STATE].shape[1:], "names": None},
        CAMERA: {"dtype": storage, "shape": images.shape[1:], "names": ["height", "width", "channels"]},
    }
    made = LeRobotDataset.create(
        "local/set", fps=10, features=features, root=Path(root), use_videos=storage == "video"
    )
    for row, episode in enumerate(data["episodes"]):
        made.add_frame({
            "action": data["action"][row], STATE: data[STATE][row], CAMERA: images[row],
            "task": str(data["tasks"][row]),
        })  # fmt: skip
        if row + 1 == len(images) or data["episodes"][row + 1] != episode:
            made.save_episode()
    made.finalize()


if __name__ == "__main__":
    stand_in_for_torchvision()
    {"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
