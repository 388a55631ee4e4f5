"""Q(s, a) of an image, of numbers that the robot measures itself, and of an action."""

from crossgap.networks.q_functions.added import AddedActionQ
from crossgap.networks.q_functions.critic import ImageQ
from crossgap.networks.q_functions.projected import ProjectedQ

__all__ = ["AddedActionQ", "ImageQ", "ProjectedQ"]
