"""What layers of a network answer to an image."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from crossgap.errors import CrossgapError, check_known
from crossgap.networks.vgg import Standardize


class Features:
    """The activations of named layers; the network is frozen, in evaluation mode, and run as far as needed.

    Args:
        network: images (n, 3, h, w) in [-1, 1] to anything.
        layers: names of its modules, such as `conv4_2` or `features.0`.

    Raises:
        CrossgapError: it has no layer of that name; the message lists those that it has.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str]):
        self.network, self.layers = network.requires_grad_(False).eval(), tuple(dict.fromkeys(layers))
        modules = ((name, of) for name, of in network.named_modules() if name)
        self._modules = {name: of for name, of in modules if not isinstance(of, Standardize)}
        check_known("Layer", self.layers, self._modules)
        if not self.layers:
            raise CrossgapError(f"No layers to look at. Available: {', '.join(sorted(self._modules))}.")

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Activations by layer, in the order of `layers`; those of the first call of a layer used twice.

        Args:
            images: (n, 3, h, w) in [-1, 1].

        Raises:
            CrossgapError: the network does not take images of that size, or a layer answers with no tensor.
        """
        found: dict[str, Tensor] = {}
        hooks = [self._modules[name].register_forward_hook(self._keep(name, found)) for name in self.layers]
        try:
            self.network(images)
        except _AllSeen:
            pass
        except RuntimeError as error:
            size = " × ".join(map(str, images.shape[-2:]))
            raise CrossgapError(
                f"The network did not take an image of {size} px as far as {', '.join(self.layers)}: "
                f"{str(error).splitlines()[0]}. Expected a larger one, or the size that it was made for."
            ) from error
        finally:
            for hook in hooks:
                hook.remove()
        if lacking := set(self.layers) - found.keys():
            raise CrossgapError(f"Layers {', '.join(sorted(lacking))} take no part in the network's answer.")
        return {name: found[name] for name in self.layers}

    def _keep(self, name: str, found: dict[str, Tensor]) -> Any:
        def keep(module: nn.Module, inputs: Any, output: Any) -> Tensor | None:
            if not isinstance(output, Tensor):
                raise CrossgapError(
                    f"Layer {name} answers with a {type(output).__name__}, not with a tensor."
                )
            if name in found:
                return None
            found[name] = output
            if len(found) == len(self.layers):
                raise _AllSeen
            return output.clone()  # what follows may change it in place, as nn.ReLU(inplace=True)

        return keep


class _AllSeen(Exception):
    """Nothing more of the network is needed."""


def convolutions(network: nn.Module) -> list[str]:
    """Names of a network's convolutions, in the order in which it holds them."""
    return [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
