"""What stands between a scene and its picture: weather, a moving camera, a sensor with little light.

Each is a formula on intensities in [0, 1] as the renderer gives them, without a gamma. `CONDITIONS` draws
their parameters: what stays for an episode from one generator, what differs from frame to frame from another.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from crossgap.errors import find


def haze(image: np.ndarray, depth: np.ndarray, density: float, airlight: float) -> np.ndarray:
    """Koschmieder's law: J·t + A·(1 − t) with t = exp(−β d).

    Args:
        image: J, (H, W, 3) in [0, 1].
        depth: d, (H, W) metres.
        density: β, per metre.
        airlight: A, the grey of infinitely thick haze, in [0, 1].
    """
    transmission = np.exp(-density * depth)[..., None]
    return image * transmission + airlight * (1 - transmission)


def line(length: int, angle: float) -> np.ndarray:
    """A line through the middle of a (length, length) kernel, which sums to 1.

    Args:
        length: pixels, odd.
        angle: radians from the horizontal, counter-clockwise.
    """
    kernel, middle = np.zeros((length, length)), length // 2
    along = np.linspace(-middle, middle, 4 * length)
    rows = np.round(middle - along * np.sin(angle)).astype(int)
    columns = np.round(middle + along * np.cos(angle)).astype(int)
    np.add.at(kernel, (rows, columns), 1)
    return kernel / kernel.sum()


def _spread(image: np.ndarray, kernel: np.ndarray, border: Literal["edge", "constant"]) -> np.ndarray:
    """(H, W, C), each pixel spread out by a kernel that looks the same from both ends, as a line's does.

    By hand, since scipy.ndimage takes half a second of every process that renders.
    """
    (height, width, _), around = image.shape, len(kernel) // 2
    wide = np.pad(image, ((around, around), (around, around), (0, 0)), border)
    places = zip(*np.nonzero(kernel), strict=True)
    shifted = (kernel[row, col] * wide[row : row + height, col : col + width] for row, col in places)
    return np.stack(list(shifted)).sum(0)


def motion_blur(image: np.ndarray, length: int, angle: float) -> np.ndarray:
    """(H, W, 3), seen while the camera turns by `length` pixels (odd) towards `angle`, as of `line`."""
    return _spread(image, line(length, angle), "edge")


def rain(
    image: np.ndarray, depth: np.ndarray, drops: int, length: int, angle: float, veil: float,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Streaks of falling drops before a scene that far rain veils.

    Drops are brighter than what is behind them, and streaks while the shutter is open (Garg and Nayar 2007).

    Args:
        image: (H, W, 3) in [0, 1].
        depth: (H, W) metres.
        drops: streaks in the picture.
        length: of a streak, pixels, odd.
        angle: of the streaks, as of `line`.
        veil: density of the far rain, per metre, as of `haze`.
        rng: where the drops are.
    """
    height, width = depth.shape
    drop = np.zeros((height, width))
    places = rng.integers(height, size=drops), rng.integers(width, size=drops)
    np.maximum.at(drop, places, rng.uniform(0.5, 1.0, drops))
    kernel = line(length, angle)
    cover = np.clip(_spread(drop[..., None], kernel / kernel.max(), "constant"), 0, 0.85)
    return haze(image, depth, veil, 0.6) * (1 - cover) + 0.95 * cover


def sensor_noise(
    image: np.ndarray, photons: float, read_noise: float, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """Poisson–Gaussian noise (Foi et al. 2008): variance x / photons + read_noise².

    Args:
        image: (H, W, 3) in [0, 1].
        photons: that a white pixel counts.
        read_noise: standard deviation of the amplifier, in units of white.
        rng: decides the noise.
    """
    return rng.poisson(image * photons) / photons + read_noise * rng.standard_normal(image.shape)


Generator = np.random.Generator
Condition = Callable[[np.ndarray, np.ndarray, Generator, Generator], np.ndarray]
"""(image (H, W, 3) in [0, 1], depth (H, W) metres, of the episode, of the frame) -> (H, W, 3)."""


def _odd(share: float, image: np.ndarray) -> int:
    """An odd number of pixels, about that share of the image's width."""
    return 2 * round(share * image.shape[1] / 2) + 1


def _haze(image: np.ndarray, depth: np.ndarray, episode: Generator, frame: Generator) -> np.ndarray:
    del frame  # it hangs still
    return haze(image, depth, episode.uniform(0.7, 1.6), episode.uniform(0.65, 0.85))


def _rain(image: np.ndarray, depth: np.ndarray, episode: Generator, frame: Generator) -> np.ndarray:
    drops = round(episode.uniform(0.015, 0.035) * depth.size)
    angle = np.deg2rad(90 + episode.uniform(-25, 25))
    return rain(image, depth, drops, _odd(0.14, image), angle, episode.uniform(0.15, 0.5), frame)


def _motion_blur(image: np.ndarray, depth: np.ndarray, episode: Generator, frame: Generator) -> np.ndarray:
    del depth
    length, angle = _odd(episode.uniform(0.11, 0.19), image), episode.uniform(0, np.pi)
    return motion_blur(image, length, angle + frame.normal(0, 0.3))


def _sensor_noise(image: np.ndarray, depth: np.ndarray, episode: Generator, frame: Generator) -> np.ndarray:
    del depth
    return sensor_noise(image, episode.uniform(6, 20), episode.uniform(0.03, 0.1), frame)


CONDITIONS: dict[str, Condition] = {
    "haze": _haze, "rain": _rain, "motion_blur": _motion_blur, "sensor_noise": _sensor_noise,
}  # fmt: skip
"""Every condition by name; lengths grow with the image."""


def seen_in(condition: str, image: np.ndarray, depth: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """A rendered picture as it is seen in a condition.

    Args:
        condition: of `CONDITIONS`.
        image: (H, W, 3) uint8.
        depth: (H, W) metres.
        seeds: (2,) of the episode and of the frame; equal ones give the same picture.

    Raises:
        CrossgapError: there is no such condition.
    """
    draw = find("Condition", condition, CONDITIONS)
    seen = draw(image / 255, depth, *(np.random.default_rng(int(seed)) for seed in seeds))
    return np.round(255 * np.clip(seen, 0, 1)).astype(np.uint8)
