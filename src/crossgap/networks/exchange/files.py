"""The `.pth` files of pytorch-CycleGAN-and-pix2pix: read, nothing but tensors unpickled, and written."""

import io
from pathlib import Path

import torch
from torch import Tensor, nn

from crossgap.base.files import writing
from crossgap.base.progress import say
from crossgap.errors import CrossgapError
from crossgap.networks.exchange.inference import AnotherNetworkError, network_of
from crossgap.networks.exchange.names import to_peer
from crossgap.networks.weight_files import read_weights

PARALLEL = "module."
"""Before every name of a `DataParallel`."""
EXPECTED = (
    "Expected the weights of a ResNet generator, a U-Net generator or a PatchGAN discriminator of "
    "pytorch-CycleGAN-and-pix2pix."
)


def peer_file(network: str) -> str:
    """The name under which its `test.py` and `--continue_train` look for a network, such as "G_A"."""
    return f"latest_net_{network}.pth"


def find_peer(folder: Path, network: str) -> Path | None:
    """The file of a network in a folder, `latest_net_G_A.pth` or `netG_A.pth`; None if there is none."""
    found = (folder / name for name in (peer_file(network), f"net{network}.pth"))
    return next((path for path in found if path.exists()), None)


def load_peer(path: str | Path) -> nn.Module:
    """The network of a file, with its weights: a `ResnetGenerator`, a `UNet` (whether it was trained with a
    dropout does not show; this one has it) or a `PatchDiscriminator`.

    Raises:
        CrossgapError: there is no such file, it holds anything but weights, or those of another network.
    """
    path = Path(path)
    theirs = _without_statistics(_read(path), path)
    try:
        return network_of(theirs)
    except AnotherNetworkError as error:
        raise CrossgapError(f"{path} is of another network: {error}. {EXPECTED}") from error


def _read(path: Path) -> dict[str, Tensor]:
    found = read_weights(path, EXPECTED)
    parallel = all(name.startswith(PARALLEL) for name in found)
    return {name.removeprefix(PARALLEL) if parallel else name: value for name, value in found.items()}


def _without_statistics(theirs: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Without the running statistics that instance norms had before PyTorch 0.4, and that nothing uses."""
    left = {
        name: value for name, value in theirs.items()
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        or f"{name.rpartition('.')[0]}.weight" in theirs
    }  # fmt: skip
    if len(left) < len(theirs):
        say(f"{path}: the running statistics of its instance norms are left out; nothing uses them.")
    return left


def save_peer(network: nn.Module, path: str | Path) -> None:
    """Write a network as a file that `load_state_dict(strict=True)` takes there.

    Args:
        network: a `ResnetGenerator`, a `UNet` or a `PatchDiscriminator`.
        path: the file.

    Raises:
        CrossgapError: it is another network, or there is none like it there, or the place cannot be written.
    """
    theirs = {name: value.detach().cpu().contiguous() for name, value in to_peer(network).items()}
    content = io.BytesIO()  # a file's own name would be in it, and here that is a temporary's
    torch.save(theirs, content)
    with writing(Path(path)) as temporary:
        temporary.write_bytes(content.getvalue())
