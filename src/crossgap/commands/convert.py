"""`crossgap convert`: weights of pytorch-CycleGAN-and-pix2pix to a model, and trainings to such weights."""

from pathlib import Path

from torch import nn

from crossgap.base.files import digest_of, writing
from crossgap.base.progress import command, say, say_next
from crossgap.core.weights import checkpoint_weights, is_finished
from crossgap.data.sizes import shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.description import ABOUT
from crossgap.errors import CrossgapError
from crossgap.methods.cyclegan.peer import PEERS as CYCLEGAN
from crossgap.methods.pix2pix.peer import PEERS as PIX2PIX
from crossgap.methods.registry import METHODS
from crossgap.networks import PatchDiscriminator, UNet
from crossgap.networks.exchange import load_peer, peer_file, rebuilt, save_peer

CODE = "pytorch-CycleGAN-and-pix2pix"
NAMES = {"cyclegan": CYCLEGAN.names, "pix2pix": PIX2PIX.names, "unet_l1": PIX2PIX.names}
"""By phase: what the networks of its checkpoints are called there."""
OF_MODEL = {"cyclegan": "G_A", "cyclegan_inverse": "G_B", "pix2pix": "G", "unet_l1": "G"}
"""By method: what its translator is called there."""
SIZE, LEAST = 256, 24
"""Of images: there by default, and here at least."""


def convert(source: Path, output: Path, size: int | None) -> None:
    """Convert what `source` is, and say what came of it.

    Raises:
        CrossgapError: there is no such source, or nothing in it that can be converted, or `output` is there.
    """
    if output.exists():
        raise CrossgapError(f"{output} is there already. Expected a new folder.")
    if source.is_dir():
        if size is not None:
            raise CrossgapError(f"--size is for a file; {source} is a folder, whose images have their size.")
        export(source, output)
    else:
        adapt(source, output, size)


def adapt(source: Path, output: Path, size: int | None) -> None:
    """A generator's file to the folder of an adapted model.

    Raises:
        CrossgapError: as `model_of_file`.
    """
    model = model_of_file(source, size)
    model.save(output)
    say(f"Adapted model: {output}")
    network = model.networks["translator"]
    say(f"{_described(network)}: images of {shown(model.size)} pixels")
    if size is None:
        say(f"--size N makes it a model for images of N × N pixels, N a multiple of {_multiple(network)}.")
    say_next({"Next, pictures": command("translate", output, "FOLDER", "OUT")})


def model_of_file(source: Path, size: int | None = None) -> AdaptedModel:
    """The model of a generator's file.

    Args:
        source: the file.
        size: of images; by default the one that a U-Net is for, or `SIZE`.

    Raises:
        CrossgapError: it is no generator of colour images, or not for images of that size.
    """
    network = load_peer(source)
    if isinstance(network, PatchDiscriminator):
        raise CrossgapError(f"{source} is a discriminator, which translates nothing. Expected a generator.")
    made = vars(network)["made_with"]
    if {made["channels"], made.get("out_channels", 3)} != {3}:
        channels = f"{made['channels']} to {made.get('out_channels', made['channels'])}"
        raise CrossgapError(f"{source} translates {channels} channels. Expected images of 3, and to 3.")
    multiple = _multiple(network)
    chosen = size if size is not None else multiple if isinstance(network, UNet) else SIZE
    if chosen % multiple or chosen < LEAST:
        raise CrossgapError(
            f"--size {chosen} is not for {source}. Expected a multiple of {multiple}, from {LEAST} on."
        )
    model = AdaptedModel(None, None, (), chosen, network, CODE)
    model.made_of = {"file": source.name, "sha256": digest_of(source)}
    return model


def _multiple(generator: nn.Module) -> int:
    """Of what the width of its images has to be a multiple."""
    return 2 ** vars(generator)["made_with"]["levels"] if isinstance(generator, UNet) else 4


def export(source: Path, output: Path) -> None:
    """A training's networks to a folder of files that the other code reads.

    Raises:
        CrossgapError: there is no such training in the folder, or several.
    """
    networks = _networks(source)
    with writing(output) as temporary:
        temporary.mkdir(parents=True)
        for name, network in networks.items():
            save_peer(network, temporary / peer_file(name))
    for name, network in networks.items():
        say(f"{output / peer_file(name)}: {_described(network)}")


def _described(network: nn.Module) -> str:
    sizes = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in vars(network)["made_with"].items())
    return f"{type(network).__name__} ({sizes})"


def _networks(source: Path) -> dict[str, nn.Module]:
    """The networks of a training by their names there; of a model without its training its translator."""
    phases, run = [phase for phase in NAMES if (source / "checkpoints" / phase).exists()], source
    if (source / ABOUT).exists():
        model = AdaptedModel.load(source)
        if model.method not in OF_MODEL:
            raise CrossgapError(f"{source} is a model of '{model.method}'. {_expected()}")
        phase, run = METHODS[model.method].family, source.resolve().parent.parent
        phases = [model.method if model.method in NAMES else phase]
        if not (run / "checkpoints" / phases[0]).exists():
            say("The other networks are not here: they are in the training's checkpoints.")
            return {OF_MODEL[model.method]: model.networks["translator"]}
    if len(phases) > 1:
        several = ", ".join(str(source / "models" / phase) for phase in phases)
        raise CrossgapError(f"There are several trainings in {source}. Expected one of {several}.")
    if not phases:
        raise CrossgapError(f"There is no training in {source} that can be converted. {_expected()}")
    names, weights = NAMES[phases[0]], checkpoint_weights(run / "checkpoints" / phases[0])
    if not is_finished(run / "checkpoints" / phases[0]):
        say(f"The training in {run} is not finished: these are the weights it has by now.")
    return {names[own]: rebuilt(tensors) for own, tensors in weights.items() if own in names}


def _expected() -> str:
    return f"Expected one of {', '.join(OF_MODEL)}."
