"""What makes training faster: memory is kept, networks are compiled where that is asked for and works."""

from __future__ import annotations

import functools
import platform

import pytest
import torch
from torch import nn

from crossgap.core import trainer as speed
from crossgap.core.fabric import keep_freed_memory
from crossgap.core.trainer import Trainer, adam, compiled_where_it_pays
from crossgap.experiments.taskgan.presets import PRESETS

CPU = torch.device("cpu")


@pytest.fixture
def on_any_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are compiled on a CPU too, from the first step."""
    monkeypatch.setattr(speed, "COMPILED_DEVICES", ("cpu",))
    monkeypatch.setattr(speed, "COMPILED_STEPS", 1)


PAGE_FAULTS = """
import resource, sys, torch
from crossgap.core.fabric import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()

def page_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    _ = [torch.ones(megabytes << 18) for megabytes in (40, 20, 36, 10)]  # all given back at the end
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(sum([page_faults() for _ in range(8)][4:]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc alone")
def test_memory_asked_for_again_is_not_mapped_again(python) -> None:
    """In a process of its own: what others have left of the heap plays a part."""
    kept, returned = (int(python(PAGE_FAULTS, how).stdout) for how in ("keep", "not"))
    assert kept < 0.1 * returned


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert not keep_freed_memory()


def test_adam_is_torch_s() -> None:
    weights = [torch.nn.Parameter(torch.linspace(-1, 1, 6)) for _ in range(2)]
    ours, reference = adam([weights[0]], 0.1, (0.5, 0.999)), torch.optim.Adam([weights[1]], 0.1, (0.5, 0.999))
    for _ in range(5):
        for weight, optimizer in zip(weights, (ours, reference), strict=True):
            optimizer.zero_grad()
            (weight - 3).pow(4).sum().backward()
            optimizer.step()
    torch.testing.assert_close(weights[0], weights[1])


def test_not_compiled_on_a_cpu_or_for_a_short_training() -> None:
    network = nn.Linear(2, 1)
    assert compiled_where_it_pays(network, CPU, 1_000_000) is network
    assert compiled_where_it_pays(network, torch.device("cuda"), speed.COMPILED_STEPS - 1) is network


@pytest.mark.parametrize(("name", "compiled"), [("smoke", False), ("full", True), ("paper", True)])
def test_the_translator_is_compiled_on_a_gpu_in_the_presets_that_train_it_long(name, compiled) -> None:
    assert (PRESETS[name].config.translator.steps >= speed.COMPILED_STEPS) == compiled


def test_a_compiler_that_does_not_work_is_said_and_done_without(monkeypatch, on_any_device, capsys) -> None:
    def compile(*_: object, **__: object):
        raise RuntimeError("No working C++ compiler found\nand a long story")

    monkeypatch.setattr(torch, "compile", compile)
    network = nn.Linear(2, 1)
    assert compiled_where_it_pays(network, CPU, 100) is network
    said = " ".join(capsys.readouterr().err.split())
    assert "training goes on without, slower. (No working C++ compiler found)" in said


def test_a_compiled_training_is_the_same(tmp_path, monkeypatch, on_any_device, fabric) -> None:
    from test_training import assert_same_bits, last_state, taskgan

    monkeypatch.setattr(speed, "COMPILED_DEVICES", ())
    Trainer(tmp_path / "eager", fabric, quiet=True).fit(taskgan(3))
    monkeypatch.setattr(speed, "COMPILED_DEVICES", ("cpu",))
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    phase = taskgan(3)
    Trainer(tmp_path / "compiled", fabric, quiet=True).fit(phase)
    assert type(phase.compiled["generator"]).__name__ == "OptimizedModule"
    assert_same_bits(last_state(tmp_path / "eager", "gan"), last_state(tmp_path / "compiled", "gan"))
