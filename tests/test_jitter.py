"""Jitter: enlarged, cropped at random, mirrored; channels of one image are moved alike."""

from __future__ import annotations

import torch

from crossgap.data.jitter import jitter


def ramps(n: int, h: int, w: int) -> torch.Tensor:
    """(n, 2, h, w): a pixel's row and column."""
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    return torch.stack([rows, columns]).float().repeat(n, 1, 1, 1)


def test_a_crop_of_the_enlarged_image_by_its_ramps() -> None:
    torch.manual_seed(0)
    moved = jitter(ramps(50, 16, 32), 1.5, mirror=False)
    assert moved.shape == (50, 2, 16, 32)
    inner = moved[:, :, 2:-2, 2:-2]  # beyond, what is enlarged ends
    torch.testing.assert_close(inner[:, 0].diff(dim=1), torch.full((50, 11, 28), 1 / 1.5))
    torch.testing.assert_close(inner[:, 1].diff(dim=2), torch.full((50, 12, 27), 1 / 1.5))
    corners = moved[:, :, 0, 0] * 1.5
    assert corners.min() >= 0
    for axis, more in enumerate((8, 16)):  # from 16 to 24 rows, from 32 to 48 columns
        places = corners[:, axis].unique()
        assert len(places) > more / 2
        assert places.max() <= more


def test_half_of_the_images_are_mirrored() -> None:
    torch.manual_seed(0)
    images = ramps(400, 4, 6)
    moved = jitter(images, 1.0)
    mirrored = moved[:, 1, 0, 0] == 5
    torch.testing.assert_close(moved[mirrored], images[mirrored].flip(3))
    assert torch.equal(moved[~mirrored], images[~mirrored])
    assert 150 < mirrored.sum() < 250


def test_channels_of_one_image_are_moved_alike_and_images_each_in_its_way() -> None:
    torch.manual_seed(0)
    images = torch.randn(8, 3, 16, 16)
    one, other = jitter(torch.cat([images, -images], 1)).chunk(2, 1)
    torch.testing.assert_close(one, -other)
    same = jitter(images[:1].repeat(20, 1, 1, 1), mirror=False)
    assert not all(torch.equal(same[0], image) for image in same)


def test_it_is_as_the_random_state_says_and_can_be_turned_off() -> None:
    images = torch.randn(4, 3, 16, 16)
    assert torch.equal(jitter(images, 1.0, mirror=False), images)
    torch.manual_seed(3)
    state, first = torch.get_rng_state(), jitter(images)
    torch.set_rng_state(state)
    assert torch.equal(jitter(images), first)
