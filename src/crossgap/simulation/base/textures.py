"""Procedural surface textures, so that no image file has to be shipped."""

import numpy as np

SIZE = 256
"""Width and height of every texture in pixels."""


def _smooth_noise(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Value noise in [0, 1], shape (SIZE, SIZE): a coarse random grid, interpolated linearly."""
    grid = rng.random((rows + 1, columns + 1))
    grid[-1], grid[:, -1] = grid[0], grid[:, 0]
    y, x = np.linspace(0, rows, SIZE, endpoint=False), np.linspace(0, columns, SIZE, endpoint=False)
    i, j = y.astype(int), x.astype(int)
    v, u = (y - i)[:, None], (x - j)[None, :]
    top = grid[np.ix_(i, j)] * (1 - u) + grid[np.ix_(i, j + 1)] * u
    bottom = grid[np.ix_(i + 1, j)] * (1 - u) + grid[np.ix_(i + 1, j + 1)] * u
    return top * (1 - v) + bottom * v


def _blend(dark: tuple[float, ...], light: tuple[float, ...], amount: np.ndarray) -> np.ndarray:
    """Colours between dark (amount 0) and light (amount 1) as (SIZE, SIZE, 3) uint8."""
    colour = np.asarray(dark) + amount[..., None] * (np.asarray(light) - np.asarray(dark))
    return np.round(255 * np.clip(colour, 0, 1)).astype(np.uint8)


def wood(seed: int = 0, planks: int = 4) -> np.ndarray:
    """Planks with wavy grain and dark seams, (SIZE, SIZE, 3) uint8."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, SIZE, endpoint=False)[None, :]
    plank = (np.arange(SIZE) * planks // SIZE)[:, None]
    shift, shade = rng.random(planks)[plank], 0.8 + 0.25 * rng.random(planks)[plank]
    waves = _smooth_noise(rng, 8 * planks, 4)
    grain = 0.5 + 0.5 * np.sin(2 * np.pi * (3 * x + 4 * waves + 5 * shift))
    fine = _smooth_noise(rng, 128, 8)
    image = _blend((0.36, 0.19, 0.08), (0.76, 0.49, 0.26), 0.6 * grain + 0.4 * fine) * shade[..., None]
    seam = (np.arange(SIZE) % (SIZE // planks)) < 3
    image[seam] *= 0.4
    return np.clip(image, 0, 255).astype(np.uint8)


def checker(seed: int = 0, squares: int = 4) -> np.ndarray:
    """A grey-and-white chess board, (SIZE, SIZE, 3) uint8."""
    del seed
    cell = np.arange(SIZE) * squares // SIZE
    return _blend((0.45,) * 3, (1.0,) * 3, (cell[:, None] + cell[None, :]) % 2)


def speckle(seed: int = 0) -> np.ndarray:
    """Mottled stone, (SIZE, SIZE, 3) uint8."""
    rng = np.random.default_rng(seed)
    amount = 0.5 * _smooth_noise(rng, 12, 12) + 0.5 * _smooth_noise(rng, 64, 64)
    return _blend((0.45,) * 3, (1.0,) * 3, amount)


def stripes(seed: int = 0, count: int = 6) -> np.ndarray:
    """Grey and white stripes, (SIZE, SIZE, 3) uint8."""
    del seed
    band = (np.arange(SIZE) * 2 * count // SIZE) % 2
    return _blend((0.5,) * 3, (1.0,) * 3, np.broadcast_to(band[:, None], (SIZE, SIZE)))


TEXTURES = {"wood": wood, "checker": checker, "speckle": speckle, "stripes": stripes}
"""Every texture by its name in a look; each takes a seed and returns (SIZE, SIZE, 3) uint8."""
