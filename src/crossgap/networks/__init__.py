"""The architectures as the papers draw them."""

from crossgap.networks.discriminator import Discriminator
from crossgap.networks.domain_classifier import DomainClassifier
from crossgap.networks.generator import Generator
from crossgap.networks.task_model import TaskModel
from crossgap.networks.two_columns import TwoColumnTaskModel

__all__ = ["Discriminator", "DomainClassifier", "Generator", "TaskModel", "TwoColumnTaskModel"]
