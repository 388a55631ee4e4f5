"""Critics of images: shapes, and where an action's points are looked for."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from crossgap.errors import CrossgapError
from crossgap.networks import AddedActionQ, ProjectedQ
from crossgap.networks.q_functions import ImageQ
from crossgap.networks.q_functions.gripper import Camera, Gripper
from crossgap.networks.registry import build, described

ABOVE = (2.0, 0.0, 0.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, -1.0, 2.0)
"""A camera 2 m up that looks down: right is x, up is y; at the floor an image is 2 m wide."""
REACH, LOW, HIGH = (0.1, 0.1, 0.2), (-0.5, -0.5, 0.0), (0.5, 0.5, 0.4)


def both(size: int) -> list[ImageQ]:
    torch.manual_seed(0)
    return [
        AddedActionQ(6, 7, size, 8, 16, 24),
        ProjectedQ(6, 2, ABOVE, REACH, LOW, HIGH, 0.0, width=8, channels=16, hidden=24),
    ]


@pytest.mark.parametrize("size", [32, 64])
def test_shapes_and_many_actions_are_judged_as_one_by_one(size: int) -> None:
    images, numbers, actions = torch.randn(3, 3, size, size), torch.randn(3, 6), torch.randn(3, 5, 7)
    for q in both(size):
        q.eval()
        seen = q.see(images)
        assert seen.shape[:2] == (3, q.channels)
        assert seen.shape[2] == (size // 8 if isinstance(q, AddedActionQ) else size // 2)
        many = q.judge(seen, numbers, actions)
        assert many.shape == (3, 5)
        single = torch.stack([q(images, numbers, actions[:, k]) for k in range(5)], 1)
        assert torch.allclose(many, single, atol=1e-5)
        assert many.std() > 0


def test_what_is_worth_depends_on_image_numbers_and_action_and_begins_low() -> None:
    parts = [torch.randn(4, 3, 32, 32), torch.randn(4, 6), torch.randn(4, 7)]
    for q in both(32):
        given = [part.clone().requires_grad_() for part in parts]
        worth = q(*given)
        worth.sum().backward()
        assert all(part.grad is not None and part.grad.abs().sum() > 0 for part in given)
        assert 0.05 < worth.sigmoid().mean() < 0.25


def test_a_saved_critic_is_built_again() -> None:
    for q in both(32):
        again = build(**{key: described(q)[key] for key in ("name", "arguments")})
        again.load_state_dict(q.state_dict())
        parts = torch.randn(2, 3, 32, 32), torch.randn(2, 6), torch.randn(2, 7)
        assert torch.equal(again(*parts), q(*parts))


@pytest.mark.parametrize("size", [0, 8, 40])
def test_the_paper_s_critic_says_which_sizes_it_takes(size: int) -> None:
    with pytest.raises(CrossgapError, match=f"multiple of 16; got size={size}"):
        AddedActionQ(6, 7, size)


@pytest.mark.parametrize("given", [32, 72])
def test_the_paper_s_critic_sees_images_of_its_size_alone(given: int) -> None:
    with pytest.raises(CrossgapError, match=f"made for images of 64×64 pixels; got {given}×{given}"):
        AddedActionQ(6, 7, 64, 8, 16).see(torch.zeros(1, 3, given, given))


def test_a_camera_is_twelve_numbers() -> None:
    with pytest.raises(CrossgapError, match=r"12 numbers.*got 9"):
        Camera(ABOVE[:9])


def test_a_camera_by_hand() -> None:
    points = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.5, -0.5, 1.0]])
    # 2 m below, the focal length of 2 makes 1 m half of the image; 1 m below, half a metre. v is down
    assert Camera(ABOVE)(points).tolist() == [[0.0, 0.0], [1.0, -0.5], [1.0, 1.0]]
    side = Camera((1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 2))  # 2 m before the origin, looks along y, up is z
    assert side(torch.tensor([[1.0, 0.0, 0.5]])).tolist() == [[0.5, -0.25]]


def test_where_an_action_puts_the_gripper_by_hand() -> None:
    gripper = Gripper(REACH, LOW, HIGH)
    pose = torch.tensor([[0.45, 0.1, 0.3, 0.2]])
    turn = [math.sin(0.5), math.cos(0.5)]
    actions = torch.tensor([[[1, -1, -0.5, *turn], [0, 0, 0, 0, 1], [1, 1, 1, *turn]]])
    moved = gripper.moved(pose, actions, torch.tensor([[False, False, True]]))
    assert moved[0].flatten().tolist() == pytest.approx(
        [0.5, 0.0, 0.2, 0.7, 0.45, 0.1, 0.3, 0.2, 0.45, 0.1, 0.3, 0.2]
    )

    turned = Gripper(REACH, LOW, HIGH, yaw=0.6).moved(pose, actions, torch.tensor([[False, False, True]]))
    assert turned[0, :, 3].tolist() == pytest.approx([0.6, 0.2, 0.2])


def test_its_points_by_hand_with_those_on_the_floor() -> None:
    gripper = Gripper(REACH, LOW, HIGH, [(0.0, 0.1, 0.0), (0.05, 0.0, 0.2)], floor=0.01)
    (placed,) = gripper.placed(torch.tensor([[[0.2, 0.3, 0.15, math.pi / 2]]]))[0]
    expected = [[0.1, 0.3, 0.15], [0.2, 0.35, 0.35], [0.1, 0.3, 0.01], [0.2, 0.35, 0.01]]
    assert torch.allclose(placed, torch.tensor(expected), atol=1e-6)
    assert Gripper(REACH, LOW, HIGH, [(0.0, 0.0, 0.0)]).placed(torch.zeros(1, 1, 4)).shape == (1, 1, 1, 3)


def test_a_pose_is_scaled_to_the_workspace_and_half_a_turn_is_none() -> None:
    gripper = Gripper(REACH, LOW, HIGH)
    one, other = gripper.scaled(torch.tensor([[0.5, 0.0, 0.1, 0.3], [0.5, 0.0, 0.1, 0.3 + math.pi]]))
    assert one.tolist() == pytest.approx([1, 0, -0.5, math.sin(0.6), math.cos(0.6)])
    assert torch.allclose(one, other, atol=1e-6)


class Kept(nn.Module):
    """Keeps what it is given."""

    def forward(self, features: Tensor) -> Tensor:
        self.features = features
        return features[..., :1]


@pytest.mark.parametrize("floor", [None, 0.0])
def test_the_map_is_read_where_the_points_would_be_seen(floor: float | None) -> None:
    """In a map whose values are its own coordinates, the features are the points' places in the image."""
    points = [(0.0, 0.0, 0.0), (0.1, 0.0, 0.0)]
    q = ProjectedQ(4, 0, ABOVE, REACH, LOW, HIGH, floor, points, channels=8)
    q.head = kept = Kept()  # type: ignore[assignment]
    middles = -1 + (torch.arange(16) + 0.5) / 8
    v, u = torch.meshgrid(middles, middles, indexing="ij")
    seen = torch.stack([u, v])[None]
    pose, stay = torch.tensor([[0.3, -0.2, 0.0, 0.0]]), torch.tensor([[[0.0, 1.0, 0.0, 0.0, 1.0]]])
    q.judge(seen, pose, stay)
    looked = kept.features[0, 0, : (4 if floor is None else 8)]
    expected = [0.3, 0.1, 0.4, 0.1]  # u = x, v = -y at the floor; the action goes up the image by 0.1
    assert looked.tolist() == pytest.approx(expected * (1 if floor is None else 2), abs=1e-5)


def test_an_action_that_ends_the_episode_looks_where_the_gripper_is() -> None:
    q = ProjectedQ(4, 2, ABOVE, REACH, LOW, HIGH, points=[(0.0, 0.0, 0.0)], channels=8)
    q.head = kept = Kept()  # type: ignore[assignment]
    seen, pose = torch.rand(1, 1, 16, 16), torch.tensor([[0.3, -0.2, 0.0, 0.0]])
    moving, staying = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    q.judge(seen, pose, torch.tensor([[[*moving, 1.0], [*staying, -1.0], [*moving, -1.0]]]))
    ended, stayed, moved = kept.features[0, :, 0].tolist()
    assert ended == stayed != moved
