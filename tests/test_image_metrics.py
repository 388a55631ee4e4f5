"""Image metrics against their formulas, written out; intervals against what is known beforehand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.kid import KernelInceptionDistance

from crossgap.core.statistics import bootstrap_mean, resampled_counts
from crossgap.data import Classes, LabelScale
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.evaluation.coverage import mode_coverage
from crossgap.evaluation.images import ROUNDING, mean_over_images, psnr, ssim
from crossgap.evaluation.kernel_distance import NamedFeatures, at_most, kernel_distance, task_features
from crossgap.evaluation.labels import disagreement
from crossgap.networks import TaskModel

# PSNR and SSIM


def grey(*levels: int, size: int = 16) -> np.ndarray:
    return np.stack([np.full((size, size, 3), level, np.uint8) for level in levels])


def test_psnr_by_hand() -> None:
    # MSE 1, 100 and 255²: 48.1308, 28.1308 and 0 dB
    found = psnr(grey(8, 20, 255), grey(7, 10, 0))
    np.testing.assert_allclose(found, [48.1308, 28.1308, 0.0], atol=1e-4)
    one = grey(100, size=12)
    one[0, 3, 4, 1] += 6  # 36 of 432 values: MSE 1/12
    assert psnr(one, grey(100, size=12))[0] == pytest.approx(10 * np.log10(255**2 * 12), abs=1e-4)


def test_psnr_of_equal_images_is_that_of_rounding() -> None:
    assert psnr(grey(3), grey(3))[0] == pytest.approx(58.9226, abs=1e-4) == pytest.approx(ROUNDING, abs=1e-4)


def ssim_written_out(image: np.ndarray, truth: np.ndarray) -> float:
    """Wang et al. 2004, equation 13, in an 11×11 Gaussian window of σ 1.5 around every pixel, the
    border mirrored; mean over pixels and colours."""
    steps = np.arange(-5, 6)
    window = np.exp(-(steps[:, None] ** 2 + steps**2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2, found = (0.01 * 255) ** 2, (0.03 * 255) ** 2, []
    height, width, colours = image.shape
    for colour in range(colours):
        x, y = (np.pad(of[..., colour].astype(float), 5, mode="reflect") for of in (image, truth))
        for row, column in itertools.product(range(height), range(width)):
            a, b = (of[row : row + 11, column : column + 11] for of in (x, y))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * a**2).sum() - mean_a**2, (window * b**2).sum() - mean_b**2
            both = (window * a * b).sum() - mean_a * mean_b
            found.append(
                (2 * mean_a * mean_b + c1) * (2 * both + c2)
                / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
            )  # fmt: skip
    return float(np.mean(found))


def test_ssim_is_its_formula() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (2, 18, 20, 3), np.uint8)
    images = np.clip(truth + rng.normal(0, [[[[20]]], [[[80]]]], truth.shape), 0, 255).astype(np.uint8)
    wanted = [ssim_written_out(*pair) for pair in zip(images, truth, strict=True)]
    np.testing.assert_allclose(ssim(images, truth), wanted, atol=1e-6)
    np.testing.assert_allclose(ssim(truth, truth), 1, atol=1e-6)


def test_ssim_of_plain_images_by_hand() -> None:
    # without contrast only the first factor is left: (2·100·150 + 6.5025) / (100² + 150² + 6.5025)
    assert ssim(grey(100), grey(150))[0] == pytest.approx(30006.5025 / 32506.5025, abs=1e-6)


def test_images_that_cannot_be_compared() -> None:
    for metric in (psnr, ssim):
        with pytest.raises(CrossgapError, match=r"differ: \(2, 16, 16, 3\) and \(1, 16, 16, 3\)"):
            metric(grey(1, 2), grey(1))
    with pytest.raises(CrossgapError, match="11×11 pixels at least"):
        ssim(grey(1, size=8), grey(1, size=8))


# intervals


def test_a_bootstrap_of_two_values_is_exact() -> None:
    # of two values a sample has the mean 0, 2 or 4, with 1/4, 1/2 and 1/4: the interval is the whole range
    assert bootstrap_mean([0.0, 4.0]) == {"value": 2.0, "low": 0.0, "high": 4.0}
    assert bootstrap_mean([3.0]) == {"value": 3.0, "low": 3.0, "high": 3.0}
    with pytest.raises(ValueError, match="one value at least"):
        bootstrap_mean([])


def test_a_bootstrap_of_a_normal_mean() -> None:
    values = np.random.default_rng(3).normal(5, 2, 400)
    found = bootstrap_mean(values)
    half = 1.96 * values.std() / 20
    assert found["value"] == pytest.approx(values.mean())
    np.testing.assert_allclose(
        [found["low"], found["high"]], [values.mean() - half, values.mean() + half], atol=0.02
    )


def test_images_of_an_episode_do_not_narrow_the_interval() -> None:
    values, episodes = np.repeat([0.0, 1.0, 5.0], 50), np.repeat([7, 2, 9], 50)
    alone, together = mean_over_images(values), mean_over_images(values, episodes)
    assert alone["value"] == together["value"] == 2
    assert (alone["n"], together["n"]) == (150, 3)
    assert (together["low"], together["high"]) == (0, 5)
    assert alone["high"] - alone["low"] < 0.3 * (together["high"] - together["low"])


def test_bootstrap_samples_have_whole_episodes() -> None:
    counts = resampled_counts(np.array([4, 4, 8, 4, 6]), 500)
    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts[:, 0] == counts[:, 3]).all()
    assert (counts[:, [0, 2, 4]].sum(1) == 3).all()
    np.testing.assert_allclose(counts.mean(0), 1, atol=0.1)
    assert not np.array_equal(counts, resampled_counts(np.array([4, 4, 8, 4, 6]), 500, seed=1))


# KID


def drawn(n: int, shift: float, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(shift, 1, (n, 6)))


def kid_written_out(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased squared MMD: means over pairs of different images within, of all pairs between."""

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    within = [np.mean([kernel(a, b) for a, b in itertools.permutations(part, 2)]) for part in (x, y)]
    return float(sum(within) - 2 * np.mean([kernel(a, b) for a in x for b in y]))


def test_kid_is_its_formula() -> None:
    x, y = drawn(5, 0, 0), drawn(7, 0.5, 1)
    assert kernel_distance(x, y).value == pytest.approx(kid_written_out(x.numpy(), y.numpy()), rel=1e-9)


def test_a_bootstrap_sample_of_kid_is_of_as_many_images_as_its_episodes_have() -> None:
    x, y, episodes = drawn(6, 0, 0), drawn(4, 0.5, 1), np.array([0, 0, 0, 0, 1, 2])
    resampled = kernel_distance(x, y, episodes).resampled
    many, few = (resampled_counts(of, 1000, seed) for seed, of in enumerate((episodes, np.arange(4))))
    row = int(np.argmax((many[:, 0] == 0) & (many[:, 4] > 0) & (many[:, 5] > 0)))  # without the large episode
    kernel, other = ((a.numpy() @ b.numpy().T / 6 + 1) ** 3 for a, b in ((x, y), (y, y)))
    pairs = few[row][:, None] * few[row] * (1 - np.eye(4))
    between = many[row] @ kernel @ few[row] / many[row].sum() / few[row].sum()
    within = float((x[4] @ x[5] / 6 + 1) ** 3) + (pairs * other).sum() / pairs.sum()
    assert many[row].sum() == 3
    assert resampled[row] == pytest.approx(within - 2 * between)


def test_a_bootstrap_sample_of_kid_leaves_out_pairs_of_an_image_with_itself() -> None:
    x, y = drawn(5, 0, 0), drawn(4, 0.5, 1)
    counts = [resampled_counts(np.arange(n), 1000, seed)[7] for seed, n in enumerate((5, 4))]
    drawn_x, drawn_y = (np.repeat(np.arange(len(c)), c) for c in counts)
    assert max(counts[0]) > 1

    def kernel(a: torch.Tensor, b: torch.Tensor) -> float:
        return float((a @ b / 6 + 1) ** 3)

    within = [
        np.mean([kernel(part[i], part[j]) for i in which for j in which if i != j])
        for part, which in ((x, drawn_x), (y, drawn_y))
    ]
    across = np.mean([kernel(x[i], y[j]) for i in drawn_x for j in drawn_y])
    assert kernel_distance(x, y).resampled[7] == pytest.approx(sum(within) - 2 * across)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
def test_kid_is_torchmetrics_own() -> None:
    x, y = drawn(40, 0, 0), drawn(40, 0.5, 1)
    metric = KernelInceptionDistance(nn.Identity(), subsets=1, subset_size=40)
    metric.update(x.float(), real=True)
    metric.update(y.float(), real=False)
    assert kernel_distance(x, y).value == pytest.approx(float(metric.compute()[0]), rel=1e-3)


def test_the_interval_of_kid_has_it_and_its_truth() -> None:
    same = kernel_distance(drawn(200, 0, 0), drawn(150, 0, 1))
    far = kernel_distance(drawn(200, 1.0, 0), drawn(150, 0, 1))
    assert same.figures()["low"] < 0 < same.figures()["high"]
    assert same.figures()["n"] == 150
    assert same.resampled.mean() == pytest.approx(same.value, abs=0.02)
    truth = kernel_distance(drawn(3000, 1.0, 7), drawn(3000, 0, 8)).value
    assert far.figures()["low"] < truth < far.figures()["high"]
    assert far.minus(same)["low"] > 0
    assert same.minus(same) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_kid_over_episodes_is_less_certain() -> None:
    x, y, episodes = drawn(20, 0, 0).repeat_interleave(5, 0), drawn(100, 0, 1), np.repeat(np.arange(20), 5)
    images, whole = kernel_distance(x, y).figures(), kernel_distance(x, y, episodes).figures()
    assert whole["n"] == 20
    assert whole["high"] - whole["low"] > 1.3 * (images["high"] - images["low"])
    with pytest.raises(CrossgapError, match="two episodes in each set at least; got 1"):
        kernel_distance(x, y, np.zeros(100))
    with pytest.raises(CrossgapError, match="two images in each set at least; got 1"):
        kernel_distance(x, y[:1])


def test_images_that_are_alike_do_not_make_two_sets_of_one_distribution_look_different() -> None:
    rng, episodes = np.random.default_rng(5), np.repeat(np.arange(12), 10)

    def some() -> torch.Tensor:
        """12 episodes of 10 images that hardly differ."""
        return torch.from_numpy(rng.normal(size=(12, 1, 6)) + 0.1 * rng.normal(size=(12, 10, 6))).flatten(
            0, 1
        )

    pairs = [(some(), some()) for _ in range(30)]
    found = [kernel_distance(*pair, episodes, episodes) for pair in pairs]
    values = np.array([one.value for one in found])
    assert abs(values.mean()) < 3 * values.std() / 30**0.5
    assert np.mean([kernel_distance(*pair).value for pair in pairs]) > 10 * abs(values.mean())
    middles = np.array([one.resampled[np.isfinite(one.resampled)].mean() for one in found])
    assert abs((middles - values).mean()) < 0.1 * values.std()  # a bootstrap sample is no farther off


def test_features_are_a_networks_of_images_from_minus_one_to_one() -> None:
    features = NamedFeatures("means", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    np.testing.assert_allclose(features(grey(0, 255)), [[-1.0] * 3, [1.0] * 3], atol=1e-6)


def test_features_of_a_task_model() -> None:
    network = TaskModel(2, size=24, width=4, hidden=8)
    model = AdaptedModel(network, LabelScale((0.0, 0.0), (1.0, 1.0)), ("a", "b"), 24)
    features = task_features(model, "mine")
    assert features.name == "features of mine"
    assert features(grey(9, size=24)).shape == (1, 8)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(24 * 24 * 3, 2))
    other = task_features(AdaptedModel(plain, model.scale, model.label_names, 24), "mine")
    assert other.name == "outputs of mine"
    assert other(grey(9, size=24)).shape == (1, 2)


def test_what_is_compared_of_many_images() -> None:
    np.testing.assert_array_equal(at_most(5, 5), np.arange(5))
    some = at_most(1000, 5)
    assert len(set(some.tolist())) == 5
    assert (np.diff(some) > 0).all()


# labels and modes


def test_disagreement_is_the_error_against_the_images_before() -> None:
    before, after = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[1.0], [2.0], [5.0], [4.0]])
    episodes = np.array([0, 1, 2, 2])
    number = disagreement(before, after, episodes, LabelScale((0.0,), (2.0,)))
    assert number["value"] == pytest.approx((0 + 0 + 0.5) / 3)  # (2 / 2)² in one of two images of an episode
    assert disagreement(before, after, episodes, Classes(6))["value"] == pytest.approx(0.5 / 3)
    assert number["n"] == 3


def test_coverage_by_hand() -> None:
    predicted = np.repeat([0, 1, 2, 4], [500, 474, 25, 1])
    found = mode_coverage(predicted[:, None].astype(np.float32), 5)  # from 1/50 on: 20 of 1,000
    np.testing.assert_array_equal(found.histogram, [500, 474, 25, 0, 1])
    assert found.covered == 3
    assert found.least == 0.02
    assert found.figures()["n"] == 1000
    assert (found.figures()["low"], found.figures()["high"]) == (2, 3)  # 25 ± 10: now and then below 20
    assert mode_coverage(predicted, 5, least=0.001).covered == 4
    assert mode_coverage(predicted, 5, least=0.03).covered == 2


@pytest.mark.parametrize(
    ("predicted", "found"), [([0, 5], "class 5"), ([0, 0.5], "class 0.5"), ([], "no sample")]
)
def test_what_is_no_class(predicted: list, found: str) -> None:
    with pytest.raises(CrossgapError, match=f"from 0 to 4; got {found}"):
        mode_coverage(np.array(predicted), 5)
