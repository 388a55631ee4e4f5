"""The architectures as the papers draw them."""

from crossgap.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from crossgap.networks.domain_classifier import DomainClassifier
from crossgap.networks.factory import from_factory, trust
from crossgap.networks.masking_generator import MaskingGenerator
from crossgap.networks.patchgan import PatchDiscriminator
from crossgap.networks.q_functions import AddedActionQ, ProjectedQ
from crossgap.networks.registry import register_network
from crossgap.networks.resnet import ResnetGenerator
from crossgap.networks.segmentation import SegmentationNetwork
from crossgap.networks.skip_generator import SkipGenerator
from crossgap.networks.taskgan import Discriminator, Generator, TaskModel, TwoColumnTaskModel
from crossgap.networks.unet import UNet

__all__ = [
    "AddedActionQ", "DCGANDiscriminator", "DCGANGenerator", "Discriminator", "DomainClassifier", "Generator",
    "MaskingGenerator", "PatchDiscriminator", "ProjectedQ", "ResnetGenerator", "SegmentationNetwork",
    "SkipGenerator", "TaskModel", "TwoColumnTaskModel", "UNet", "from_factory", "register_network", "trust",
]  # fmt: skip
