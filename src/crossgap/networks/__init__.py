"""The architectures as the papers draw them."""

from crossgap.networks.discriminator import Discriminator
from crossgap.networks.generator import Generator
from crossgap.networks.task_model import TaskModel

__all__ = ["Discriminator", "Generator", "TaskModel"]
