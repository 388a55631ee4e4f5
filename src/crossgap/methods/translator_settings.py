"""What the settings of translators for robots have in common. Imports no torch."""

import math
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from crossgap.errors import CrossgapError


@dataclass(frozen=True)
class TranslatorSettings:
    """The training of a translator; the same for all methods that are compared."""

    steps: int = 2_000
    """Steps, each of one update of everything."""
    batch: int = 8
    """Images per step, of each domain."""
    learning_rate: float = 2e-4
    """Of generators and discriminators; constant, then linear to zero over the second half."""
    adversarial_weight: float = 1.0
    """λ_GAN."""
    pool: int = 50
    """Translated images that are kept for each discriminator; 0 for none."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        check_settings(self)


def check_settings(settings: Any) -> None:
    """Look at the values of a dataclass of settings by their names: weights are from 0 on, rates above 0, a
    pool from 0 on, other numbers at least 1, and words among those of their type; lists are not looked at.

    Raises:
        CrossgapError: the first that cannot be.
    """
    of, kinds = type(settings).__name__.removesuffix("Config"), get_type_hints(type(settings))
    for name, value in vars(settings).items():
        if isinstance(value, tuple | bool):
            continue
        if isinstance(value, str):
            right, expected = value in get_args(kinds[name]), " or ".join(get_args(kinds[name]))
        elif name.endswith("_weight"):
            right, expected = 0 <= value < math.inf, "a number from 0 on"
        elif name.endswith("_rate"):
            right, expected = 0 < value < math.inf, "a number above 0"
        else:
            least = 0 if name == "pool" else 1
            right, expected = value >= least, f"at least {least}"
        if not right:
            raise CrossgapError(f"{of}'s {name} is {expected}; got {value}.")
