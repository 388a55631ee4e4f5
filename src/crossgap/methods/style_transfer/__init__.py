"""Style transfer: a picture that shows what one picture shows, in the manner of another. Imports no torch."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StyleConfig:
    """How a picture is made of a content and a style."""

    content_layers: tuple[str, ...] = ("conv4_2",)
    """whose activations are to be the content's. Of a network that is no VGG the middle convolution by
    default."""
    style_layers: tuple[str, ...] = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    """whose Gram matrices are to be the style's. Of a network that is no VGG five convolutions by default."""
    content_weight: float = 1.0
    """α, of the content loss."""
    style_weight: float = 1.0
    """β, of the style loss."""
    variation_weight: float = 0.1
    """of the total variation, which takes out noise of single pixels; 0 is the paper's."""
    steps: int = 300
    """updates of the picture."""
    optimizer: Literal["adam", "lbfgs"] = "adam"
    """lbfgs is the paper's: fewer steps, each of several evaluations."""
    rate: float = 0.02
    """Adam's learning rate; pixels are from -1 to 1."""
    start: Literal["content", "noise"] = "content"
    """what the picture is at first: the content, to which it stays nearer, or white noise as in the paper."""
