"""One pure function per equation. All return a scalar tensor, the mean over the minibatch."""

from collections.abc import Callable

from torch import Tensor, arange, ones_like, stack, zeros_like
from torch.nn import functional

TaskLoss = Callable[[Tensor, Tensor], Tensor]
"""(predictions (n, outputs), labels (n, k)) -> scalar: `task_loss` or `classification_loss`."""


def generator_adversarial_loss(judged_fake: Tensor) -> Tensor:
    """First term of equations 3 and 5 of TaskGAN: (1 − D(G(x)))², least squares.

    Args:
        judged_fake: D(G(x)), any shape, in (0, 1); the patches of an image are averaged.
    """
    return (1 - judged_fake).square().mean()


def task_loss(predicted: Tensor, label: Tensor) -> Tensor:
    """Second term of equations 3 and 5 of TaskGAN: (f(G(x)) − φ)².

    Averaged, not summed, over the k labels: with scaled labels 1 means "knows nothing" for any k.

    Args:
        predicted: f(G(x)), (n, k).
        label: φ, (n, k), in the same scale.
    """
    return (predicted - label).square().mean()


def classification_loss(predicted: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy in nats, −log softmax(f(G(x)))_φ: the task loss where φ is a class.

    ln k means "knows nothing" of k classes.

    Args:
        predicted: f(G(x)), (n, k) logits.
        label: φ, (n, 1) int64, from 0 to k − 1.
    """
    return functional.cross_entropy(predicted, label[:, 0])


def discriminator_loss(judged_real: Tensor, judged_fake: Tensor) -> Tensor:
    """Equations 4 and 6 of TaskGAN: (1 − D(y))² + D(G(x))².

    Args:
        judged_real: D(y), any shape, in (0, 1).
        judged_fake: D(G(x)), any shape, in (0, 1).
    """
    return (1 - judged_real).square().mean() + judged_fake.square().mean()


def logistic_discriminator_loss(judged_real: Tensor, judged_fake: Tensor) -> Tensor:
    """What D descends in Goodfellow et al. 2014, equation 1: −log σ(D(y)) − log(1 − σ(D(G(z)))).

    2 ln 2 where D cannot tell them apart.

    Args:
        judged_real: D(y), raw logits of any shape.
        judged_fake: D(G(z)), raw logits of any shape.
    """
    of_real = functional.binary_cross_entropy_with_logits(judged_real, ones_like(judged_real))
    of_fake = functional.binary_cross_entropy_with_logits(judged_fake, zeros_like(judged_fake))
    return of_real + of_fake


def logistic_generator_loss(judged_fake: Tensor) -> Tensor:
    """What G descends, in the form that does not saturate (Goodfellow et al. 2014, section 3):
    −log σ(D(G(z))).

    Args:
        judged_fake: D(G(z)), raw logits of any shape.
    """
    return functional.binary_cross_entropy_with_logits(judged_fake, ones_like(judged_fake))


def feature_loss(features: Tensor, others: Tensor) -> Tensor:
    """Squared distance between two feature layers (TaskGAN, section 3.2; Imran, "Robots from simulation
    into reality": "L2 loss between feature layers are minimized").

    Averaged over the units, so that its weight means the same for any width.

    Args:
        features: (n, hidden), of an image.
        others: (n, hidden), of its counterpart in the other domain.
    """
    return (features - others).square().mean()


def cycle_loss(reconstructed: Tensor, images: Tensor) -> Tensor:
    """The "L1 loss between the original image and the reconstructed image" (Imran; Zhu et al. 2017, eq. 2).

    Args:
        reconstructed: F(G(x)), (n, 3, H, W) in [-1, 1].
        images: x, the same shape.
    """
    return (reconstructed - images).abs().mean()


def patch_contrastive_loss(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """ℓ of CUT (Park et al. 2020, equation 2): −log (exp(v·v⁺/τ) / (exp(v·v⁺/τ) + Σ exp(v·v⁻/τ))), InfoNCE
    over the patches of an image.

    ln p of p patches means "knows nothing".

    Args:
        queries: v, of p places of G(x): (n, p, d), each of length 1.
        keys: of the same places of x: v⁺ the one at a query's own place, v⁻ those at the others.
        temperature: τ.
    """
    n, p, _ = queries.shape
    own = arange(p, device=queries.device).repeat(n)
    return functional.cross_entropy((queries @ keys.mT / temperature).flatten(0, 1), own)


def domain_loss(source: Tensor, target: Tensor) -> Tensor:
    """The two domain terms of equation 9 of DANN (Ganin et al. 2016): cross-entropy, a mean per domain.

    2 ln 2 where G_d cannot tell the domains apart.

    Args:
        source: G_d's logits for source features, (n,).
        target: G_d's logits for target features, (m,).
    """
    of_source = functional.binary_cross_entropy_with_logits(source, zeros_like(source))
    of_target = functional.binary_cross_entropy_with_logits(target, ones_like(target))
    return of_source + of_target


def square_cycle_loss(reconstructed: Tensor, images: Tensor) -> Tensor:
    """d of L_cyc in RL-CycleGAN (Rao et al. 2020, equation 2): the mean square; see `cycle_loss`."""
    return (reconstructed - images).square().mean()


def scene_loss(q: Tensor, translated: Tensor, back: Tensor) -> Tensor:
    """Three of the six terms of L_RL-scene in RL-CycleGAN (Rao et al. 2020, section 4.1): the values of one
    scene, seen three times, are the same. d(q, q') + d(q, q'') + d(q', q''), where d is the mean square.

    Args:
        q: Q of the image as it is, (n,) in (0, 1).
        translated: of its translation, by the other domain's Q.
        back: of that translated back, by the first one's.
    """
    pairs = (q, translated), (q, back), (translated, back)
    return stack([(one - other).square().mean() for one, other in pairs]).sum()


def consistency_loss(seen: Tensor, translated: Tensor, back: Tensor) -> Tensor:
    """Three of the six terms of L_prcp in RetinaGAN (Ho et al. 2021, section IV-A): what is perceived of one
    scene, seen three times, is the same. d(s, s') + ½ d(s, s'') + ½ d(s', s''); halved is what is compared
    twice. d is the squared distance of the probabilities of a pixel, a mean over pixels, from 0 to 2.

    Args:
        seen: probabilities of the classes in the image as it is, (n, c, h, w).
        translated: in its translation.
        back: in that translated back.
    """
    pairs = (1.0, seen, translated), (0.5, seen, back), (0.5, translated, back)
    return stack([weight * (one - other).square().sum(1).mean() for weight, one, other in pairs]).sum()


def pairwise_square_loss(made: Tensor, images: Tensor, mask: Tensor | None = None) -> Tensor:
    """PMSE, the content similarity of PixelDA (Bousmalis et al. 2017, equation 5), GraspGAN and RCAN:
    1/k ‖(x − G(x)) ∘ m‖² − 1/k² ((x − G(x))ᵀ m)², a mean over images.

    The variance of the difference: how each two numbers differ is kept, and how bright all are is free.

    Args:
        made: G(x), (n, 3, H, W).
        images: x, the same shape.
        mask: m, what counts: (n, 1, H, W) of 0 and 1, or all; k is how many numbers that are.
    """
    mask = ones_like(images[:, :1]) if mask is None else mask
    difference = (made - images) * mask
    count = (mask.sum((1, 2, 3)) * images.shape[1]).clamp(min=1)
    mean, square = difference.sum((1, 2, 3)) / count, difference.square().sum((1, 2, 3)) / count
    return (square - mean.square()).mean()


def segmentation_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy in nats of the classes of pixels; ln c means "knows nothing" of c classes.

    Args:
        logits: (n, c, h, w).
        classes: (n, h, w), whole numbers from 0 to c − 1 of any type.
    """
    return functional.cross_entropy(logits, classes.long())


def critic_loss(worth: Tensor, wanted: Tensor) -> Tensor:
    """L_c of the asymmetric actor-critic: (Q(s_t, a_t) − r_t − γ Q_T(s_{t+1}, π(s_{t+1})))².

    Args:
        worth: Q(s_t, a_t), (n,).
        wanted: r_t + γ Q_T(s_{t+1}, π(s_{t+1})), (n,), which gets no gradient.
    """
    return (worth - wanted).square().mean()


def q_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy of QT-Opt (Kalashnikov et al. 2018, section 4.2): D(Q(s, a), Q_T(s, a)), in nats, for a Q
    that is the chance of a success.

    Args:
        logits: Q(s, a) before its sigmoid, (n,).
        wanted: Q_T(s, a) in [0, 1], (n,), which gets no gradient.
    """
    return functional.binary_cross_entropy_with_logits(logits, wanted)


def bellman_target(reward: Tensor, ended: Tensor, next_value: Tensor, discount: float) -> Tensor:
    """Q_T of QT-Opt: r + γ V(s'), or r where the episode ended, cut to [0, 1], where a sigmoid is.

    A cost per step can make a return of a failure negative; it is 0 then.

    Args:
        reward: r, (n,).
        ended: whether s' ends the episode, (n,) bool.
        next_value: V(s') in (0, 1), (n,).
        discount: γ.
    """
    return (reward + discount * next_value * ~ended).clamp(0, 1)


def actor_loss(worth: Tensor) -> Tensor:
    """L_a of the asymmetric actor-critic: −E_s[Q(s, π(s))], of `worth` Q(s, π(s)), (n,)."""
    return -worth.mean()


def bottleneck_loss(predicted: Tensor, state: Tensor) -> Tensor:
    """Second term of L_f: MSE(s, s_predicted).

    Args:
        predicted: f(o), (n, k).
        state: s, (n, k), in the same scale.
    """
    return (predicted - state).square().mean()


def cloning_loss(actions: Tensor, demonstrated: Tensor, better: Tensor) -> Tensor:
    """L_BC with its Q-filter (Nair et al. 2018, "Overcoming exploration in reinforcement learning with
    demonstrations", equations 3 and 4): Σ ‖π(s_i) − a_i‖² 1[Q(s_i, a_i) > Q(s_i, π(s_i))].

    Averaged over the demonstrations, so that its weight means the same for any number of them.

    Args:
        actions: π(s_i), (n, a).
        demonstrated: a_i, (n, a).
        better: whether the critic holds the demonstrated action for the better one, (n,) bool.
    """
    return ((actions - demonstrated).square().sum(1) * better).mean()
