"""From one noise to another, as a sampler should be shown it."""

import numpy as np


def spherical(first: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
    """Noises on the way from one to another, both among them: spherical interpolation (Shoemake 1985).

        z(t) = [sin((1 − t) ω) z_0 + sin(t ω) z_1] / sin ω,    ω the angle between z_0 and z_1

    Nearly all of N(0, I) lies at a distance of about √noise from 0, and so does this way; a straight one
    leads through a middle that G was never shown.

    Args:
        first: z_0, (noise,).
        last: z_1, (noise,).
        count: how many, at least 1; 1 is the first alone.

    Returns:
        (count, noise) float32.
    """
    z0, z1 = (np.asarray(end, np.float64) for end in (first, last))
    share = np.linspace(0, 1, count)[:, None]
    cosine = z0 @ z1 / max(np.linalg.norm(z0) * np.linalg.norm(z1), np.finfo(float).tiny)
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-6:  # one direction, or opposite ones, between which there is no one way
        return ((1 - share) * z0 + share * z1).astype(np.float32)
    ends = np.sin((1 - share) * angle) * z0 + np.sin(share * angle) * z1
    return (ends / np.sin(angle)).astype(np.float32)
