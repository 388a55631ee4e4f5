"""Batches: every image once per epoch, a function of the step alone, shared between devices, augmented."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossgap.data import LabelledImages, LabelScale
from crossgap.data.augmentation import image_augmentation
from crossgap.data.batches import Batches, moved, to_tensor


def batches(n: int, size: int, **kwargs) -> Batches:
    return Batches(torch.zeros(n, 3, 4, 4), torch.arange(float(n))[:, None], size, seed=3, **kwargs)


@pytest.mark.parametrize(("n", "size"), [(12, 4), (10, 4), (3, 5)])
def test_every_image_once_per_epoch(n: int, size: int) -> None:
    data = batches(n, size)
    seen = np.concatenate([data.indices(step) for step in range(3 * n)])
    for epoch in range(3 * size):
        assert sorted(seen[epoch * n : (epoch + 1) * n]) == list(range(n))
    assert not np.array_equal(seen[:n], seen[n : 2 * n]) or not np.array_equal(seen[:n], seen[2 * n : 3 * n])


def test_a_batch_depends_on_the_step_and_the_seed_alone() -> None:
    forward, backward = batches(10, 4), batches(10, 4)
    steps = [forward.indices(step) for step in range(9)]
    for step in reversed(range(9)):
        np.testing.assert_array_equal(backward.indices(step), steps[step])
    other = batches(10, 4)
    other.seed = 4
    assert any(not np.array_equal(other.indices(step), steps[step]) for step in range(9))


@pytest.mark.parametrize("world", [2, 4])
def test_shares_of_several_devices_are_disjoint_and_together_the_batch(world: int) -> None:
    whole, shares = batches(10, 4), [batches(10, 4, rank=rank, world=world) for rank in range(world)]
    for step in range(5):
        parts = [share.indices(step) for share in shares]
        assert {len(part) for part in parts} == {4 // world}
        assert sorted(np.concatenate(parts)) == sorted(whole.indices(step))


def test_batches_hold_the_images_and_their_scaled_labels() -> None:
    rng = np.random.default_rng(0)
    images, labels = (
        rng.integers(0, 256, (6, 16, 16, 3), np.uint8),
        rng.normal(size=(6, 2)).astype(np.float32),
    )
    data = LabelledImages(images, labels, ("angle", "force"), np.arange(6))
    scale = LabelScale.of(data)
    made = Batches(torch.from_numpy(data.images), torch.from_numpy(scale.apply(data.labels)), 4, 0)
    images, labels = made(1)
    index = made.indices(1)
    torch.testing.assert_close(images, to_tensor(data.images)[index])
    np.testing.assert_array_equal(labels.numpy(), scale.apply(data.labels)[index])


def test_batches_augment_their_images_and_leave_the_set_as_it_is() -> None:
    pixels = torch.zeros(4, 3, 2, 2)
    made = Batches(pixels, torch.zeros(4, 1), 2, 0, augment=lambda images: images + 0.5)
    assert (made(0)[0] == 0.5).all()
    assert (pixels == 0).all()


def test_image_augmentation_changes_images_within_their_range_and_as_the_seed_says() -> None:
    images = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    augment, again = image_augmentation(), image_augmentation()
    torch.manual_seed(5)
    changed = augment(images)
    torch.manual_seed(5)
    torch.testing.assert_close(again(images), changed, rtol=0, atol=0)
    assert changed.shape == images.shape
    assert changed.min() >= -1
    assert changed.max() <= 1
    assert (changed - images).flatten(1).abs().mean(1).gt(0.01).float().mean() > 0.6


def test_a_gpu_gets_its_arrays_from_pinned_memory(monkeypatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: (calls.append("pinned"), tensor)[1])
    monkeypatch.setattr(
        torch.Tensor, "to", lambda tensor, *where, **how: (calls.append((where, how)), tensor)[1]
    )
    array = np.arange(3.0)
    assert moved(array, "cpu").tolist() == [0, 1, 2]
    assert calls == [(("cpu",), {})]
    moved(array, "cuda:0")
    assert calls[1:] == ["pinned", (("cuda:0",), {"non_blocking": True})]


def test_pixels_become_minus_1_to_1() -> None:
    pixels = np.zeros((1, 2, 3, 3), np.uint8)
    pixels[0, 1, 2] = 255, 51, 0
    tensor = to_tensor(pixels)
    assert tensor.shape == (1, 3, 2, 3)
    torch.testing.assert_close(tensor[0, :, 1, 2], torch.tensor([1.0, -0.6, -1.0]))
    assert tensor[0, :, 0, 0].tolist() == [-1, -1, -1]


def test_images_in_the_host_s_memory_go_to_the_labels_device() -> None:
    made = Batches(torch.zeros(6, 4, 4, 3, dtype=torch.uint8), torch.zeros(6, 1, device="meta"), 2, 0)
    assert [part.device.type for part in made(0)] == ["meta", "meta"]
