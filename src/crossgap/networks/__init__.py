"""The architectures as the papers draw them."""

from crossgap.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from crossgap.networks.domain_classifier import DomainClassifier
from crossgap.networks.registry import register_network
from crossgap.networks.taskgan import Discriminator, Generator, TaskModel, TwoColumnTaskModel

__all__ = [
    "DCGANDiscriminator", "DCGANGenerator", "Discriminator", "DomainClassifier", "Generator", "TaskModel",
    "TwoColumnTaskModel", "register_network",
]  # fmt: skip
