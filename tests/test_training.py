"""The loop: exact resume after a kill, learning rate, metrics, damaged checkpoints, several processes."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from crossgap.base.files import read_json, write_json
from crossgap.core.fabric import make_fabric
from crossgap.core.trainer import Phase, Trainer, read_metrics
from crossgap.core.weights import Checkpoint
from crossgap.data.batches import to_tensor
from crossgap.errors import CrossgapError
from crossgap.methods.supervised import Supervised
from crossgap.methods.translation import translate
from crossgap.networks import Generator, TaskModel
from interruption import interrupted_at

STEPS = 40

MAKE = """
import torch
from crossgap.data.batches import Batches
from crossgap.methods.config import TranslatorConfig
from crossgap.methods.supervised import Supervised
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.networks import Discriminator, Generator, TaskModel

def random_batches(n, size, seed, *share):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(n, 3, 24, 24, generator=generator) * 2 - 1
    return Batches(images, torch.randn(n, 2, generator=generator), size, seed, *share)

def taskgan(steps=40, *share):
    torch.manual_seed(0)
    return TaskGAN(
        "gan", Generator(4, 1), Discriminator(4), TaskModel(2, 24, 4, 8),
        inputs=random_batches(14, 4, 2, *share), real=random_batches(20, 4, 1, *share),
        config=TranslatorConfig(steps, 4, 1e-3),
    )

def supervised(steps=20, *share):
    torch.manual_seed(0)
    data = [random_batches(20, 8, 1, *share), random_batches(14, 8, 2, *share)]
    return Supervised("supervised", TaskModel(2, 24, 4, 8), data, steps, 1e-3)
"""

namespace: dict = {}
exec(MAKE, namespace)  # the same phases here and in other processes
taskgan, supervised = namespace["taskgan"], namespace["supervised"]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics every 5 steps."""
    monkeypatch.setattr(Phase, "log_every", 5)


def last_state(folder: Path, phase: str) -> dict[str, torch.Tensor]:
    checkpoints = folder / "checkpoints" / phase
    return load_file(checkpoints / (checkpoints / "last").read_text().strip() / "state.safetensors")


def assert_same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for key in a:
        assert torch.equal(a[key], b[key]), key


# exact resume

KILLED = f"""{MAKE}
import os, signal, sys
from pathlib import Path
from crossgap.core.fabric import make_fabric
from crossgap.core.trainer import Phase
from crossgap.core.trainer import Trainer

Phase.log_every, Phase.checkpoint_seconds = 5, 0.0
phase = taskgan()
step_as_it_was = phase.training_step

def step_until_killed(step):
    if step == 20:  # the checkpoint after 20 steps is written; no other one from here on
        assert (Path(sys.argv[1]) / "checkpoints/gan/last").read_text() == "000020\\n"
        phase.checkpoint_seconds = 1e9
    if step == 33:
        os.kill(os.getpid(), signal.SIGKILL)
    return step_as_it_was(step)

phase.training_step = step_until_killed
Trainer(Path(sys.argv[1]), make_fabric("cpu", "32-true"), quiet=True).fit(phase)
"""


def test_a_killed_training_goes_on_bit_for_bit(tmp_path: Path, python, fabric) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    Trainer(alone, fabric, quiet=True).fit(taskgan())

    done = python(KILLED, killed)
    assert done.returncode == -9, done.stderr
    steps = [row["step"] for row in read_metrics(killed)]
    assert steps == [5, 10, 15, 20, 25, 30]  # 25 and 30 are of work that the kill undid
    with (killed / "metrics.jsonl").open("a") as file:
        file.write('{"phase": "gan", "st')  # a row that the kill cut
    resumed = taskgan()
    taken: list[int] = []
    step_as_it_was = resumed.training_step
    resumed.training_step = lambda step: (taken.append(step), step_as_it_was(step))[1]
    Trainer(killed, fabric, quiet=True).fit(resumed)

    assert taken == list(range(20, STEPS))
    final = last_state(alone, "gan")
    for network in ("generator", "discriminator"):
        assert any(key.startswith(f"network.{network}.") for key in final)
        assert any(key.startswith(f"optimizer.{network}.") and key.endswith("exp_avg_sq") for key in final)
    assert_same_bits(final, last_state(killed, "gan"))
    assert (alone / "metrics.jsonl").read_bytes() == (killed / "metrics.jsonl").read_bytes()


class Noisy(Phase):
    """Draws random numbers and keeps a pool, as later methods do; what it predicts depends on both."""

    name, steps, learning_rate = "noisy", 30, 0.1

    def __init__(self, stop: int | None = None):
        self.network, self.pool, self.stop = nn.Linear(2, 1), torch.zeros(4, 2), stop
        nn.init.zeros_(self.network.weight)
        nn.init.zeros_(self.network.bias)
        self.networks = {"linear": self.network}
        self.optimizers = {"linear": torch.optim.Adam(self.network.parameters(), 0.1)}

    def training_step(self, step: int) -> dict[str, torch.Tensor]:
        if step == self.stop:
            raise KeyboardInterrupt
        self.pool[torch.randint(4, ())] = torch.randn(2)
        loss = (self.parallel["linear"](self.pool) - self.pool.sum(1, keepdim=True)).square().mean()
        self.update("linear", loss)
        return {"loss": loss}

    def extra_state(self) -> dict[str, torch.Tensor]:
        return {"pool": self.pool}

    def load_extra_state(self, state: dict[str, torch.Tensor]) -> None:
        self.pool = state["pool"].clone()


def test_random_numbers_and_a_pool_go_on_too(tmp_path: Path, fabric, monkeypatch) -> None:
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    Trainer(tmp_path / "alone", fabric, seed=3, quiet=True).fit(Noisy())
    for stop in (3, 17, 17, 29):
        with pytest.raises(KeyboardInterrupt):
            Trainer(tmp_path / "stopped", fabric, seed=3, quiet=True).fit(Noisy(stop))
        torch.manual_seed(99)  # whatever else draws numbers in between
    Trainer(tmp_path / "stopped", fabric, seed=3, quiet=True).fit(Noisy())
    assert_same_bits(last_state(tmp_path / "alone", "noisy"), last_state(tmp_path / "stopped", "noisy"))
    assert (tmp_path / "alone/metrics.jsonl").read_text() == (tmp_path / "stopped/metrics.jsonl").read_text()


def test_a_finished_phase_is_not_trained_again(tmp_path: Path, fabric) -> None:
    Trainer(tmp_path, fabric, quiet=True).fit(Noisy())
    before = last_state(tmp_path, "noisy")
    files = {file: file.stat().st_ino for file in tmp_path.rglob("*")}
    again = Noisy(stop=0)
    Trainer(tmp_path, fabric, quiet=True).fit(again)
    assert {file: file.stat().st_ino for file in tmp_path.rglob("*")} == files  # nothing was written
    assert_same_bits(before, last_state(tmp_path, "noisy"))
    assert torch.equal(again.network.weight, before["network.linear.weight"])


def test_one_checkpoint_is_kept_and_last_names_it(tmp_path: Path, fabric, monkeypatch) -> None:
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    Trainer(tmp_path, fabric, quiet=True).fit(Noisy())
    folder = tmp_path / "checkpoints" / "noisy"
    assert sorted(path.name for path in folder.iterdir()) == ["000030", "last"]
    assert not (folder / "last").is_symlink()
    assert (folder / "last").read_text() == "000030\n"


def test_another_seed_is_another_training(tmp_path: Path, fabric) -> None:
    for seed in (0, 1):
        Trainer(tmp_path / str(seed), fabric, seed=seed, quiet=True).fit(Noisy())
    a, b = (last_state(tmp_path / str(seed), "noisy")["network.linear.weight"] for seed in (0, 1))
    assert not torch.equal(a, b)


# damaged and wrong checkpoints


@pytest.fixture
def trained(tmp_path: Path, fabric) -> Path:
    Trainer(tmp_path, fabric, quiet=True).fit(Noisy())
    return tmp_path


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("name", ["state.safetensors", "state.json"])
def test_a_checkpoint_cut_short(trained: Path, fabric, part: float, name: str) -> None:
    path = trained / "checkpoints" / "noisy" / "000030" / name
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * (len(whole) - 3))])
    message = "damaged or cut short.*Expected a whole" if "tensors" in name else "not valid JSON"
    with pytest.raises(CrossgapError, match=rf"{name.replace('.', '[.]')} is {message}"):
        Trainer(trained, fabric, quiet=True).fit(Noisy())


def test_a_checkpoint_without_its_weights(trained: Path, fabric) -> None:
    (trained / "checkpoints" / "noisy" / "000030" / "state.safetensors").unlink()
    with pytest.raises(CrossgapError, match=r"No weights at .*state\.safetensors"):
        Trainer(trained, fabric, quiet=True).fit(Noisy())


def test_a_checkpoint_of_another_phase(trained: Path, fabric) -> None:
    shutil.move(trained / "checkpoints" / "noisy", trained / "checkpoints" / "gan")
    with pytest.raises(CrossgapError, match=r"is a checkpoint of 'noisy'. Expected one of 'gan'"):
        Trainer(trained, fabric, quiet=True).fit(taskgan())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"steps": 60}, "steps is 30 there, 60 here"),
        ({"learning_rate": 0.5}, "learning_rate is .* there, 0.5 here"),
        ({"seed": 3}, "seed is 0 there, 3 here"),
    ],
)
def test_a_checkpoint_of_another_training(trained: Path, fabric, change: dict, told: str) -> None:
    phase = Noisy()
    for name, value in change.items():
        setattr(phase, name, value)
    with pytest.raises(CrossgapError, match=rf"000030 is of another training: {told}.*Delete .*noisy"):
        Trainer(trained, fabric, change.get("seed", 0), quiet=True).fit(phase)
    about = trained / "checkpoints" / "noisy" / "000030" / "state.json"
    write_json(about, {key: value for key, value in read_json(about).items() if key != "of"})
    Trainer(trained, fabric, change.get("seed", 0), quiet=True).fit(phase)  # of before: it goes on


def test_a_checkpoint_of_another_network(trained: Path, fabric) -> None:
    class Wider(Noisy):
        def __init__(self) -> None:
            super().__init__()
            self.networks = {"linear": nn.Linear(5, 1)}

    with pytest.raises(
        CrossgapError,
        match=r"weight is of shape \(1, 2\) there, of shape \(1, 5\) here.*delete",
    ):
        Trainer(trained, fabric, quiet=True).fit(Wider())


def test_a_full_disk_while_training_is_ours(full_disk: Path, fabric) -> None:
    run = full_disk / "run"
    with pytest.raises(CrossgapError, match=r"Could not write .*No space left on device"):
        Trainer(run, fabric, quiet=True).fit(supervised_wide())
    left = [path.name for path in run.rglob("*") if "partial" in path.name]
    assert left == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_disk_without_any_room_is_ours_too(full_disk: Path, fabric) -> None:
    with (full_disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1000)):
            pass
    with pytest.raises(CrossgapError, match=r"Could not write .*No space left on device"):
        Trainer(full_disk / "run", fabric, quiet=True).fit(Noisy())


@pytest.mark.parametrize(
    ("owner", "name"), [(SummaryWriter, "__init__"), (SummaryWriter, "add_scalar"), (Checkpoint, "save")]
)
def test_whatever_cannot_be_written_is_ours(tmp_path: Path, fabric, no_space, owner, name) -> None:
    no_space(owner, name)
    with pytest.raises(CrossgapError, match=r"Could not write .*No space left on device"):
        Trainer(tmp_path, fabric, quiet=True).fit(Noisy())


def supervised_wide() -> Supervised:
    """Whose checkpoint is larger than 200 kB."""
    data = [namespace["random_batches"](20, 4, 1)]
    return Supervised("wide", TaskModel(2, 24, 16, 64), data, 10, 1e-3)


# learning rate, metrics, updates


def test_learning_rate_is_constant_then_linear_to_zero(tmp_path: Path, fabric) -> None:
    phase = Noisy()
    seen: list[float] = []
    step_as_it_was = phase.training_step

    def step(index: int) -> dict[str, torch.Tensor]:
        seen.append(phase.optimizers["linear"].param_groups[0]["lr"])
        return step_as_it_was(index)

    phase.training_step = step
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    assert seen[:16] == pytest.approx([0.1] * 16)
    assert seen[16:] == pytest.approx([0.1 * (30 - index) / 15 for index in range(16, 30)])
    assert phase.schedule(30) == 0.0


def test_metrics_are_means_since_the_last_row(tmp_path: Path, fabric) -> None:
    class Counting(Noisy):
        name, steps = "counting", 12

        def training_step(self, step: int) -> dict[str, torch.Tensor]:
            return {"step_squared": torch.tensor(float(step * step))}

    Trainer(tmp_path, fabric, quiet=True).fit(Noisy())
    Trainer(tmp_path, fabric, quiet=True).fit(Counting())
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if row["phase"] == "noisy"] == [5, 10, 15, 20, 25, 30]
    assert [row for row in rows if row["phase"] == "counting"] == [
        {"phase": "counting", "step": 5, "step_squared": 6.0},
        {"phase": "counting", "step": 10, "step_squared": 51.0},
        {"phase": "counting", "step": 12, "step_squared": (100 + 121) / 2},
    ]
    assert list((tmp_path / "tensorboard" / "counting").iterdir())


def test_taskgan_updates_two_networks_and_leaves_the_task_model(tmp_path: Path, fabric) -> None:
    phase = taskgan(1)
    everything = {**phase.networks, "task_model": phase.task_model}
    before = {name: [p.clone() for p in network.parameters()] for name, network in everything.items()}
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    for name, network in everything.items():
        same = [torch.equal(p, old) for p, old in zip(network.parameters(), before[name], strict=True)]
        assert all(same) == (name == "task_model")
    (row,) = read_metrics(tmp_path)
    assert 0 < row["adversarial"] < 1
    assert 0 < row["discriminator"] < 2


def test_taskgan_s_first_step_is_equations_5_and_6(tmp_path: Path, fabric) -> None:
    phase = taskgan(1)
    x, _ = phase.real(0)
    y, label = phase.inputs(0)
    with torch.no_grad():
        fake = phase.networks["generator"](y)
        judge = phase.networks["discriminator"]
        real, judged = judge(x), judge(fake)
        task = (phase.task_model(fake) - label).square().mean()
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    (row,) = read_metrics(tmp_path)
    assert row["adversarial"] == pytest.approx((1 - judged).square().mean().item(), rel=1e-4)
    assert row["task_loss"] == pytest.approx(task.item(), rel=1e-4)
    expected = (1 - real).square().mean() + judged.square().mean()
    assert row["discriminator"] == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_taskgan_s_generator_follows_equation_5(tmp_path: Path, fabric, weight: float) -> None:
    phase = taskgan(1)
    phase.task_weight = weight
    y, label = phase.inputs(0)
    generator = phase.networks["generator"]
    fake = generator(y)
    adversarial = (1 - phase.networks["discriminator"](fake)).square().mean()
    task = (phase.task_model(fake) - label).square().mean()
    parameters = list(generator.parameters())
    expected = torch.autograd.grad(adversarial + weight * task, parameters)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-3, atol=1e-6)


def test_supervised_learns_a_tiny_set_by_heart(tmp_path: Path, fabric) -> None:
    data = namespace["random_batches"](8, 8, 1)
    model = TaskModel(2, 24, 8, 32)
    Trainer(tmp_path, fabric, quiet=True).fit(Supervised("heart", model, [data], 150, 5e-3))
    rows = read_metrics(tmp_path)
    assert rows[0]["task_loss"] > 0.5
    assert rows[-1]["task_loss"] < 0.01


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(CrossgapError, match=r"Device 'cuda' not found.*Available: cpu"):
        make_fabric("cuda")


def test_a_set_is_translated_a_batch_at_a_time_and_on_a_cpu_in_float32() -> None:
    images = np.random.default_rng(0).integers(0, 256, (150, 24, 24, 3), np.uint8)
    torch.manual_seed(0)
    generator, sizes = Generator(4, 1), []
    generator.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    exact = [translate(generator, images, make_fabric("cpu", p)) for p in ("32-true", "bf16-mixed")]
    assert sizes == [64, 64, 22] * 2
    assert exact[0].dtype == torch.float32
    assert torch.equal(*exact)
    with torch.no_grad():
        torch.testing.assert_close(
            exact[0][100:103], generator(to_tensor(images[100:103])), rtol=0, atol=1e-5
        )


@pytest.mark.parametrize(
    ("device", "precision", "message"),
    [
        ("gpu", "auto", r"Device 'gpu' not found\. Available: auto, cpu\."),
        ("tpu", "auto", r"Device 'tpu' not found\. Available: auto, cpu\."),
        ("cuda:7", "auto", r"Device 'cuda:7' not found\. Available: auto, cpu\."),
        (torch.device("cuda", 1), "auto", r"Device 'cuda:1' not found\. Available: auto, cpu\."),
        (
            "cpu",
            "bf16",
            r"Precision 'bf16' not found\. Did you mean bf16-mixed\? Available: 32-true, auto, bf16-mixed\.",
        ),
        ("cpu", "16-mixed", r"Precision '16-mixed' not found\."),
        ("cpu", 32, r"Precision '32' not found\."),
    ],
)
def test_what_is_no_device_or_no_precision(monkeypatch, device, precision, message: str) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(CrossgapError, match=message):
        make_fabric(device, precision)


def test_gpus_are_chosen_outside_and_each_process_has_one(monkeypatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(CrossgapError, match=r"Expected device 'cuda'; got 'cuda:1'\. CUDA_VISIBLE_DEVICES"):
        make_fabric("cuda:1")
    with pytest.raises(CrossgapError, match=r"Device 'gpu' not found\. Available: auto, cpu, cuda\."):
        make_fabric("gpu")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    with pytest.raises(CrossgapError, match=r"started 3 processes on 2 GPUs\. Expected one for each"):
        make_fabric("cuda")


def test_bf16_trains_with_weights_in_float32(tmp_path: Path) -> None:
    phase = taskgan(5)
    Trainer(tmp_path, make_fabric("cpu", "bf16-mixed"), quiet=True).fit(phase)
    assert {p.dtype for network in phase.networks.values() for p in network.parameters()} == {torch.float32}
    (row,) = read_metrics(tmp_path)
    assert 0 < row["task_loss"] < 10


def test_supervised_resumes_bit_for_bit(tmp_path: Path, fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Phase, "log_every", 5)
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    whole, broken, rest = supervised(40), supervised(40), supervised(40)
    Trainer(tmp_path / "whole", fabric, quiet=True).fit(whole)
    with pytest.raises(KeyboardInterrupt):
        Trainer(tmp_path / "broken", fabric, quiet=True).fit(interrupted_at(broken, 23))
    Trainer(tmp_path / "broken", fabric, quiet=True).fit(rest)
    assert_same_bits(weights_of(whole), weights_of(rest))
    assert read_metrics(tmp_path / "whole") == read_metrics(tmp_path / "broken")


# several processes

TORCHRUN = f"""{MAKE}
import sys
from pathlib import Path
from safetensors.torch import save_file
from crossgap.core.trainer import Trainer
from crossgap.core.fabric import make_fabric

root, fabric = Path(sys.argv[1]), make_fabric("cpu", "32-true")
share = fabric.global_rank, fabric.world_size
for phase in (supervised(20, *share), taskgan(10, *share)):
    Trainer(root, fabric, quiet=True).fit(phase)
    named = ((n, k, v) for n, net in phase.networks.items() for k, v in net.state_dict().items())
    weights = {{f"{{n}}.{{k}}": v.contiguous() for n, k, v in named}}
    save_file(weights, root / f"{{phase.name}}-{{share[0]}}-of-{{share[1]}}.safetensors")
"""


def weights_of(phase: Phase) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value.clone()
        for name, network in phase.networks.items()
        for key, value in network.state_dict().items()
    }


@pytest.mark.slow
def test_three_processes_train_as_one(tmp_path: Path, python, fabric) -> None:
    """Whose batches of 8 and 4 are not shared evenly."""
    three = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "3")
    done = python(TORCHRUN, tmp_path, launcher=three)
    assert done.returncode == 0, done.stderr
    for phase in (supervised(20), taskgan(10)):
        first, *others = (load_file(tmp_path / f"{phase.name}-{r}-of-3.safetensors") for r in range(3))
        for other in others:
            assert_same_bits(first, other)
        start = weights_of(phase)
        Trainer(tmp_path / "single", fabric, quiet=True).fit(phase)
        for key, value in weights_of(phase).items():
            if value.ndim > 1:  # a bias before an instance norm has no gradient but rounding
                assert (value - first[key]).norm() < 0.05 * (value - start[key]).norm(), key
    rows = read_metrics(tmp_path)
    assert [row["step"] for row in rows] == [20, 10]  # one process writes them
