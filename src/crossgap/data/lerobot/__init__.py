"""LeRobotDataset v3.0, in and out, without LeRobot: read and written with pyarrow, Pillow and av."""

from crossgap.data.lerobot.info import is_lerobot
from crossgap.data.lerobot.reader import read_lerobot
from crossgap.data.lerobot.writer import LeRobotWriter

__all__ = ["LeRobotWriter", "is_lerobot", "read_lerobot"]
