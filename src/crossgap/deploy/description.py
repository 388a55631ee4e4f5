"""What `adapted.json` says of an adapted model, checked before networks are made of it; of models of before,
which name only their networks' sizes, too."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import read_json
from crossgap.base.records import mismatch
from crossgap.core.weights import DIGEST
from crossgap.data.images import label_coding
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import as_size, written
from crossgap.deploy.frozen import SHAPE as POLICY_SHAPE
from crossgap.errors import CrossgapError, unknown
from crossgap.networks.factory import is_trusted, untrusted
from crossgap.networks.registry import NETWORKS

ABOUT = "adapted.json"
IN_A_RUN = "*", "models/*", "*/models/*", "*/*/models/*"
"""Where models are in a folder: of models, of a run, and of what holds several runs."""
PARTS = ("task_model", "translator", "sampler")
"""The networks of a model, one of which it has at least."""
PREPARATION = "preparation"
"""What becomes of a camera's images (`data.preparation`), where a model has that."""
POLICY = "policy"
"""The policy that a translator is for (`deploy.frozen`), where it is for one."""
SHAPE = {
    "method": str, "size": (range(1, 10_000), [range(1, 10_000)]), "label_names": [str],
    "scale": (dict, None),
}  # fmt: skip
"""Of the description of an adapted model."""
LATER = {DIGEST: {...: str}, "made_of": dict, "precision": str, POLICY: POLICY_SHAPE}
"""What models of before lack."""
NETWORK, MADE = {"name": str, "arguments": dict}, {"factory": str}
"""Of a network, and of one of a factory. What one of such arguments would be is compared with its weights."""
CLASSES, SCALE = {"count": range(1, 1_000_000)}, {"mean": [float], "spread": [float]}
"""Of the two kinds of scales."""
TASK_MODEL = {"task_width": range(1, 10_000), "task_hidden": range(1, 1_000_000)}
GENERATOR = {"generator_width": range(1, 10_000), "generator_blocks": range(1000)}
"""Of the sizes that models of before name as `architecture`: of a `TaskModel` and a `Generator`."""


OF_POLICY = "adapted_policy.json"
"""The description of a folder that is no adapted model, but an `AdaptedPolicy`."""


def check_is_model(path: Path) -> None:
    """Whether a folder is no model, but has some in it, as a run has, or beside it.

    Raises:
        CrossgapError: so it is; the message names them.
    """
    if (path / ABOUT).exists():
        return
    if (path / OF_POLICY).exists():
        translator = path / "goggles"
        also = f", or its translator alone, {translator}" if translator.exists() else ""
        raise CrossgapError(
            f"{path} is a policy that sees several cameras or a state. Expected a model of one camera"
            f"{also}. The policy itself is read by crossgap.AdaptedPolicy.load, and measured by adapt --test."
        )
    folder, patterns = (path, IN_A_RUN) if path.exists() else (path.parent, IN_A_RUN[:1])
    models = {about.parent for pattern in patterns for about in folder.glob(f"{pattern}/{ABOUT}")}
    if found := sorted(str(model) for model in models if not model.name.startswith(".")):
        raise CrossgapError(
            f"{path} is no model. Expected one or several of those in {folder}: {', '.join(found)}."
        )


def read_description(folder: Path) -> dict[str, Any]:
    """What an adapted model's folder says of it, checked before networks are made of it.

    Raises:
        CrossgapError: there is no adapted model, the description is damaged, or a network is not registered.
    """
    check_is_model(folder)
    path, again = folder / ABOUT, f"Copy it anew, or delete {folder} to make that model again."
    about = read_json(path, "adapted model", SHAPE, again)
    if not (problem := mismatch(about, _shape(about))):
        if "networks" not in about:
            about["networks"] = _networks_of_before(about)
        problem = _scale_problem(about) or _networks_problem(about) or _size_problem(about)
    if problem:
        raise CrossgapError(f"The adapted model {path} is damaged: {problem}. {again}")
    for network in about["networks"].values():
        if "factory" in network:
            if not is_trusted(network["factory"]):
                raise untrusted(path, network["factory"])
            continue
        module = str(network.pop("module", "the module that registers it"))
        if network["name"] not in NETWORKS and module.startswith("crossgap.methods."):
            importlib.import_module(module)  # of ours alone: a file makes nobody else's code run
        if network["name"] not in NETWORKS:
            wanted = unknown(f"{path}: network", network["name"], NETWORKS)
            raise CrossgapError(f"{wanted} Import {module} before.")
    return about


def _shape(about: dict[str, Any]) -> dict[str, Any]:
    """What else is in a description: of a model of before, or of now."""
    scale = about["scale"]
    shape = {} if scale is None else {"scale": CLASSES if "count" in scale else SCALE}
    shape |= {key: kind for key, kind in LATER.items() if key in about}
    if "networks" in about:
        known = about["networks"] if isinstance(about["networks"], dict) else {}
        kinds = {name: MADE if _is_made(known[name]) else NETWORK for name in PARTS if name in known}
        return shape | {"networks": kinds or dict}
    sizes = GENERATOR if about.get("translator") is True else {}
    return shape | {"scale": shape.get("scale", dict), "translator": bool, "architecture": TASK_MODEL | sizes}


def _is_made(network: Any) -> bool:
    """Whether a description's network is one of a factory."""
    return isinstance(network, dict) and "factory" in network


def _networks_of_before(about: dict[str, Any]) -> dict[str, Any]:
    """The networks of a model that names only their sizes."""
    arch, outputs = about["architecture"], label_coding(about["scale"]).outputs
    task_model = {
        "outputs": outputs, "size": about["size"], "width": arch["task_width"], "hidden": arch["task_hidden"],
        "norm": arch.get("task_norm", "none"),
    }  # fmt: skip
    networks = {"task_model": {"name": "TaskModel", "arguments": task_model}}
    if about["translator"]:
        sizes = {"width": arch["generator_width"], "blocks": arch["generator_blocks"]}
        networks["translator"] = {"name": "Generator", "arguments": sizes}
    return networks


def _scale_problem(about: dict[str, Any]) -> str:
    """What cannot be about the labels' scale; empty where all fits."""
    names, scale = about["label_names"], about["scale"] or {}
    lengths = len(names), *(len(scale[key]) for key in SCALE if key in scale)
    if bool(names) != bool(scale) or len(set(lengths)) > 1 or ("count" in scale and len(names) > 1):
        return f"{len(names)} label names do not fit its scale"
    if not all(0 < value < float("inf") for value in scale.get("spread", [])):
        return "a spread in its scale is not a number above 0"
    return "" if np.isfinite(scale.get("mean", [])).all() else "a mean in its scale is not finite"


def _size_problem(about: dict[str, Any]) -> str:
    """What cannot be about the size, or what becomes of images of others; empty where all fits."""
    if isinstance(size := about["size"], list) and len(size) != 2:
        return f"'size' has {len(size)} numbers, expected one or two"
    if PREPARATION not in about:
        return ""
    try:
        prepared = Preparation.of_json(about[PREPARATION])
    except CrossgapError as error:
        return f"{PREPARATION}: {str(error).rstrip('.')}"
    if prepared.size != as_size(size):
        return f"'{PREPARATION}.size' is {written(prepared.size)}, expected {size}"
    return ""


def _networks_problem(about: dict[str, Any]) -> str:
    """What cannot be about the networks; empty where all fits."""
    networks, scale = about["networks"], about["scale"]
    if not networks or not networks.keys() <= set(PARTS) or (scale is None) == ("task_model" in networks):
        return f"its networks ({', '.join(networks) or 'none'}) do not fit its scale"
    if lacking := networks.keys() - about.get(DIGEST, networks).keys():
        return f"'{DIGEST}.{min(lacking)}' is absent, expected text"
    of_all = {"size": about["size"]}
    of_labels = {"outputs": label_coding(scale).outputs if scale else 0}
    for part, wanted in {"task_model": of_all | of_labels, "sampler": of_all}.items():
        given = networks.get(part, {}).get("arguments", {})
        for key, value in wanted.items():
            if key in given and given[key] != value and given[key] != [value, value]:
                return f"'networks.{part}.arguments.{key}' is {given[key]}, expected {value}"
    return ""
