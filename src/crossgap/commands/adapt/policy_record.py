"""What the policies of an adaptation are on held-out frames, beside each other: figures, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from crossgap.commands.adapt.verdict import Contestant, blind_sentence, judge, unlabelled_verdict
from crossgap.commands.measured import by_heart
from crossgap.core.statistics import t_interval
from crossgap.data.observations import Observations
from crossgap.deploy.adapted_policy import AdaptedPolicy
from crossgap.evaluation.labels import episode_means
from crossgap.evaluation.own_units import difference, own_units
from crossgap.evaluation.rows import figures
from crossgap.methods.goggles.rivals import PolicyAdaptation


@dataclass(frozen=True)
class PolicyMeasure:
    """The error of a policy's output: squared, in spreads of the source's actions; or a loss of the user's
    own."""

    name: str
    """What it is called."""

    @staticmethod
    def of(adaptation: PolicyAdaptation) -> PolicyMeasure:
        """That of an adaptation."""
        own = adaptation.task is not None and adaptation.task.loss is not None
        whose = "source" if adaptation.given.source.actions.shape[1] else "target"
        return PolicyMeasure("your loss" if own else f"squared error in spreads of the {whose}'s actions")

    def figures(self, means: np.ndarray) -> dict[str, Any]:
        """The mean of episodes' means, (e,), with Student's 95 % interval."""
        low, high = t_interval(means)
        floor = low if low is None or self.name == "your loss" else max(low, 0.0)
        return figures(float(means.mean()), (floor, high), len(means))

    def of_model(
        self, adaptation: PolicyAdaptation, model: AdaptedPolicy, data: Observations
    ) -> dict[str, Any]:
        """Those of a policy on frames."""
        return self.figures(episode_means(adaptation.errors(model, data), data.episodes, model.method))


def policy_record(
    adaptation: PolicyAdaptation, models: Mapping[str, AdaptedPolicy], target: Observations,
    held_out: Observations | None, unit: str,
) -> dict[str, Any]:  # fmt: skip
    """The figures of all policies, and which to use.

    Args:
        adaptation: that trained them.
        models: by method, in the order of tables.
        target: what they were trained on, or could have been.
        held_out: frames that nothing was trained on; None where there are too few.
        unit: what `held_out` is whole ones of.

    Returns:
        A record of the shape `report.adaptation.SHAPE`.
    """
    measure, about = PolicyMeasure.of(adaptation), adaptation.about
    rows: dict[str, dict[str, Any]] = {name: _row(adaptation, name) for name in models}
    record: dict[str, Any] = {
        "measure": measure.name, "unit": unit, "methods": rows, "labels": list(target.action_names),
        "trained_on": _counts(target), "held_out": _counts(held_out), "why": "", "policy": _use(about),
    }  # fmt: skip
    if held_out is None or not held_out.actions.shape[1]:
        use, sentences = unlabelled_verdict({name: row["translates"] for name, row in rows.items()})
        return record | {"recommended": use, "worth": "unknown", "sentences": sentences, "blind": None}
    means = {
        name: episode_means(adaptation.errors(model, held_out), held_out.episodes, name)
        for name, model in models.items()
    }
    for name, model in models.items():
        known = measure.of_model(adaptation, model, target)
        rows[name] |= {"held_out": measure.figures(means[name]), "trained_on": known}
        sees = rows[name]["sees_target"]
        rows[name]["by_heart"] = _by_heart(known, rows[name]["held_out"]) if sees else ""
        rows[name]["own"] = _own(adaptation, model, held_out)
    contestants = [
        Contestant(name, rows[name]["translates"], each, rows[name]["sees_target"])
        for name, each in means.items()
    ]
    verdict = judge(contestants, measure, unit)
    best, blind = means[verdict.recommended], _blind(adaptation, target, held_out)
    for name in means.keys() - {verdict.recommended}:
        rows[name]["difference"] = difference(means[name], best)
    sentences = list(verdict.sentences)
    if blind is not None:
        sentences = [*blind_sentence(verdict.recommended, best, blind, measure), *sentences]
    return record | {
        "recommended": verdict.recommended, "worth": verdict.worth, "sentences": sentences,
        "blind": None if blind is None else measure.figures(blind),
    }  # fmt: skip


def tested(
    adaptation: PolicyAdaptation, models: Mapping[str, AdaptedPolicy], data: Observations, name: str
) -> dict[str, Any]:  # fmt: skip
    """The part `test` of a record: errors on labelled frames of a folder that nothing was chosen on."""
    measure = PolicyMeasure.of(adaptation)
    figures = {method: measure.of_model(adaptation, model, data) for method, model in models.items()}
    return {"folder": name, **(_counts(data) or {}), "methods": figures}


def _row(adaptation: PolicyAdaptation, name: str) -> dict[str, Any]:
    as_it_is = adaptation.frozen and name == "source_only"
    return {
        "about": "the policy as it is" if as_it_is else adaptation.ABOUT[name],
        "translates": name in adaptation.TRANSLATING, "held_out": None, "trained_on": None,
        "difference": None, "own": {}, "agreement": None, "by_heart": "",
        "sees_target": name not in ("source_only", "augmented"), "unknown": [],
    }  # fmt: skip


def _counts(data: Observations | None) -> dict[str, Any] | None:
    if data is None:
        return None
    labelled = bool(data.actions.shape[1])
    return {"images": len(data), "episodes": len(np.unique(data.episodes)), "labelled": labelled}


def _use(about) -> dict[str, Any]:
    """The lines that load and call a policy."""
    load = f"trust({about.factory!r}); policy = AdaptedPolicy.load('{{model}}')"
    each = ", ".join(f"{camera!r}: images" for camera in about.cameras)
    state = ", state" if about.state else ""
    return {
        "load": f"from crossgap import AdaptedPolicy; from crossgap.networks import trust; {load}",
        "call": f"actions = policy.predict({{{each}}}{state})  # (n, H, W, 3) uint8, RGB",
    }


def _by_heart(known: dict[str, Any], held_out: dict[str, Any]) -> str:
    sets = {"trained on": {"figures": {"error": known}}, "held out": {"figures": {"error": held_out}}}
    return by_heart({"sets": sets})


def _own(adaptation: PolicyAdaptation, model: AdaptedPolicy, data: Observations) -> dict[str, Any]:
    """How far each action is off, in its own unit; of a chunk the first one; nothing with a loss of one's
    own, whose outputs may be anything."""
    if adaptation.task is None or adaptation.task.loss is not None:
        return {}
    said = adaptation.said(model, data).reshape(len(data), -1)[:, : data.actions.shape[1]].numpy()
    return own_units(said, data.actions, data.episodes, data.action_names)


def _blind(adaptation: PolicyAdaptation, target: Observations, held_out: Observations) -> np.ndarray | None:
    """Errors per episode of always doing the mean action; None with a loss of one's own."""
    task = adaptation.task
    if task is None or task.loss is not None:
        return None
    wanted = torch.from_numpy(task.wanted(held_out))
    mean = torch.from_numpy(target.actions.mean(0)).repeat(wanted.shape[1] // target.actions.shape[1])
    errors = task.errors(mean.expand(len(held_out), -1), wanted)
    return episode_means(errors, held_out.episodes)
