"""What a pixel's colour alone tells: the mean of anything over training pixels of about that colour."""

import numpy as np

LEVELS = 16
"""Of each of red, green and blue, that are told apart."""


class ColourTable:
    """Colour to the mean of a quantity: of land, a classifier by colour; of another picture's colours, the
    plainest translator there is.

    A colour that was never seen has the value of the nearest one that was.

    Args:
        images: (n, H, W, 3) uint8.
        values: (n, H, W, k) of the same pixels.
        counted: (n, H, W) bool, which pixels count; all by default.
    """

    def __init__(self, images: np.ndarray, values: np.ndarray, counted: np.ndarray | None = None):
        cells, rows = _cells(images).ravel(), values.reshape(-1, values.shape[-1]).astype(float)
        if counted is not None:
            cells, rows = cells[counted.ravel()], rows[counted.ravel()]
        count = np.bincount(cells, minlength=LEVELS**3)
        sums = [np.bincount(cells, column, LEVELS**3) for column in rows.T]
        seen = np.flatnonzero(count)
        colours = np.stack(np.unravel_index(np.arange(LEVELS**3), (LEVELS,) * 3), 1)
        apart = np.square(colours[:, None] - colours[seen]).sum(2)
        self.means = (np.stack(sums, 1)[seen] / count[seen, None])[apart.argmin(1)]

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images (n, H, W, 3) uint8 to the means of their colours, (n, H, W, k)."""
        return self.means[_cells(images)]


def _cells(images: np.ndarray) -> np.ndarray:
    """The number of each pixel's colour, (n, H, W)."""
    red, green, blue = np.moveaxis(images.astype(int) * LEVELS // 256, -1, 0)
    return (red * LEVELS + green) * LEVELS + blue
