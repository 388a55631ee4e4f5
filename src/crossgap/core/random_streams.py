"""Random numbers that are a function of seed and step, so that a training that goes on draws the same."""

import torch

APART = 1_000_003
"""By which the numbers of two seeds lie apart: further than a training has steps."""


def seeded(device: str | torch.device, seed: int, number: int) -> torch.Generator:
    """The generator of a step, or of one of its streams, of a training.

    Args:
        device: where it draws.
        seed: of the training.
        number: of the step, or one of its own for each stream of each step.
    """
    # modulo: a CPU's generator takes 32 bits of a seed, and forgets the others without a word
    return torch.Generator(device).manual_seed((APART * seed + number) % 2**32)
