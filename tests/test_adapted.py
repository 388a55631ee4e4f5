"""The adapted model's folder: the same predictions after loading, and what can be wrong with it."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.base.files import read_json, write_json
from crossgap.data import LabelScale
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.errors import CrossgapError
from crossgap.networks import Generator, TaskModel, register_network

SCALE = LabelScale((1.0, -2.0), (0.5, 3.0))


def make_model(translator: bool = True, norm: str = "none") -> AdaptedModel:
    torch.manual_seed(0)
    return AdaptedModel(
        TaskModel(2, 24, 4, 8, norm), SCALE, ("x", "y"), 24, Generator(4, 1) if translator else None,
        method="taskgan_inverse",
    )  # fmt: skip


def images(n: int = 3, size: int = 24) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), np.uint8)


@pytest.mark.parametrize("translator", [True, False])
def test_a_loaded_model_predicts_the_same(tmp_path: Path, translator: bool) -> None:
    model = make_model(translator)
    model.save(tmp_path / "model")
    loaded = AdaptedModel.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(images()), model.predict(images()))
    np.testing.assert_array_equal(loaded.translate(images()), model.translate(images()))
    assert (loaded.method, loaded.label_names, loaded.size) == ("taskgan_inverse", ("x", "y"), (24, 24))
    assert (loaded.translator is not None) == translator


def as_of_before(folder: Path, **sizes: object) -> Path:
    """Describe a saved model as it was described before it could hold any network."""
    about = read_json(folder / "adapted.json")
    networks = about.pop("networks")
    del about["precision"]
    sizes = {"task_width": 4, "task_hidden": 8, "generator_width": 4, "generator_blocks": 1, **sizes}
    about |= {"translator": "translator" in networks, "architecture": sizes}
    write_json(folder / "adapted.json", about)
    return folder


@pytest.mark.parametrize("translator", [True, False])
@pytest.mark.parametrize("norm", [{}, {"task_norm": "none"}, {"task_norm": "group"}])
def test_a_model_of_before_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, translator: bool, norm: dict
) -> None:
    monkeypatch.setattr("crossgap.deploy.adapted.bf16_is_fast", lambda device: True)
    model = make_model(translator, *norm.values())
    model.made_of = {"seed": 3, "precision": "bf16-mixed"}
    model.precision = "bf16-mixed"
    model.save(tmp_path / "model")
    loaded = AdaptedModel.load(as_of_before(tmp_path / "model", **norm))
    assert (loaded.precision, loaded.made_of) == ("bf16-mixed", model.made_of)  # as it was measured
    assert (loaded.translator is not None) == translator
    np.testing.assert_array_equal(loaded.predict(images()), model.predict(images()))
    loaded.save(tmp_path / "again")  # from then on as one of now
    np.testing.assert_array_equal(
        AdaptedModel.load(tmp_path / "again").predict(images()), loaded.predict(images())
    )


def test_a_model_of_before_with_another_norm_does_not_fit(tmp_path: Path) -> None:
    make_model(norm="group").save(tmp_path / "normed")
    with pytest.raises(CrossgapError, match="does not fit this network"):
        AdaptedModel.load(as_of_before(tmp_path / "normed"))


@register_network
class Striped(nn.Module):
    """A network of a user's own: the mean of every so many rows, weighted."""

    def __init__(self, outputs: int, every: int, *, bias: bool = True):
        super().__init__()
        self.every = every
        self.head = nn.Linear(3, outputs, bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images[:, :, :: self.every].mean((2, 3)))


@register_network
class Dimmed(nn.Module):
    """A translator of a user's own."""

    def __init__(self):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(0.5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.by * images


def test_networks_of_one_s_own_come_back(tmp_path: Path) -> None:
    model = AdaptedModel(Striped(2, every=5, bias=False), SCALE, ("x", "y"), 24, Dimmed())
    model.save(tmp_path / "model")
    loaded = AdaptedModel.load(tmp_path / "model")
    assert isinstance(loaded.task_model, Striped)
    assert isinstance(loaded.translator, Dimmed)
    assert (loaded.task_model.every, loaded.task_model.head.bias) == (5, None)
    np.testing.assert_array_equal(loaded.predict(images()), model.predict(images()))


def test_a_network_that_nobody_registered(tmp_path: Path) -> None:
    class Mine(Striped):
        pass

    model = AdaptedModel(Mine(2, 5), SCALE, ("x", "y"), 24)
    with pytest.raises(CrossgapError, match=r"Only registered networks can be saved; got Mine\. Put"):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())
    with pytest.raises(CrossgapError, match=r"'Dimmed' of .*test_adapted is registered already"):
        register_network(type("Dimmed", (Mine,), {"__module__": "elsewhere"}))
    AdaptedModel(Striped(2, 5), SCALE, ("x", "y"), 24).save(tmp_path / "model")
    about = tmp_path / "model" / "adapted.json"
    about.write_text(about.read_text(encoding="utf-8").replace("Striped", "Stripes"), encoding="utf-8")
    with pytest.raises(
        CrossgapError, match=r"network 'Stripes' not found.* Striped.* Import test_adapted before"
    ):
        AdaptedModel.load(tmp_path / "model")


def test_a_translator_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = AdaptedModel(None, None, (), 24, Generator(4, 1), method="cyclegan")
    model.save(tmp_path / "model")
    loaded = AdaptedModel.load(tmp_path / "model")
    assert not (tmp_path / "model" / "task_model.safetensors").exists()
    np.testing.assert_array_equal(loaded.translate(images()), model.translate(images()))
    assert (loaded.translate(images()) != images()).any()
    for ask in (lambda: loaded.predict(images()), lambda: loaded.task_model, lambda: loaded.scale):
        with pytest.raises(CrossgapError, match=r"of cyclegan is a translator alone: it has no task model"):
            ask()


@pytest.mark.parametrize(
    "parts", [(None, None), (TaskModel(2, 24, 4, 8), None), (None, SCALE)], ids=["none", "no scale", "scale"]
)
def test_a_model_of_nothing_or_of_half(parts: tuple) -> None:
    with pytest.raises(CrossgapError, match="Expected a task model and a scale, a translator, or all"):
        AdaptedModel(*parts, ("x", "y"), 24, None if parts[1] is None else Dimmed())


@pytest.mark.parametrize("fast", [True, False])
def test_a_model_predicts_in_the_precision_it_was_measured_in_or_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, fast: bool
) -> None:
    monkeypatch.setattr("crossgap.deploy.adapted.bf16_is_fast", lambda device: fast)
    model = make_model()
    exact = model.predict(images())
    model.precision = "bf16-mixed"
    mixed = model.predict(images())
    assert (mixed != exact).any()
    model.save(tmp_path / "model")
    for _ in range(2):
        loaded = AdaptedModel.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict(images()), mixed if fast else exact)
    said = "".join(capsys.readouterr().err.split())
    assert said.count("wasmeasuredinbf16-mixed,whichthishardwarehasnot") == (0 if fast else 1)
    asked = AdaptedModel.load(tmp_path / "model", precision="bf16-mixed")
    np.testing.assert_array_equal(asked.predict(images()), mixed)


def test_a_model_of_before_says_where_it_predicts_otherwise_than_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr("crossgap.deploy.adapted.bf16_is_fast", lambda device: False)
    model = make_model()
    model.made_of = {"precision": "bf16-mixed"}
    model.save(tmp_path / "model")
    assert AdaptedModel.load(as_of_before(tmp_path / "model")).precision == "32-true"
    assert "wasmeasuredinbf16-mixed" in "".join(capsys.readouterr().err.split())
    model.made_of = {}
    model.save(tmp_path / "unsaid")
    assert AdaptedModel.load(as_of_before(tmp_path / "unsaid")).precision == "32-true"
    assert not capsys.readouterr().err


def test_a_precision_that_there_is_none_of(folder: Path) -> None:
    for precision in ("banana", "auto"):
        with pytest.raises(CrossgapError, match=f"Precision '{precision}' not found.*: 32-true, bf16-mixed"):
            AdaptedModel.load(folder, precision=precision)
    about = read_json(folder / "adapted.json")
    for wrong in (
        about | {"precision": "banana"},
        about | {"precision": "", "made_of": {"precision": ["x"]}},
    ):
        write_json(folder / "adapted.json", wrong)
        with pytest.raises(
            CrossgapError, match=r"adapted\.json: precision '.*' not found.*: 32-true, bf16-mixed"
        ):
            AdaptedModel.load(folder)


def test_an_architecture_is_no_longer_needed() -> None:
    with pytest.warns(DeprecationWarning, match="needs no architecture"):
        AdaptedModel(TaskModel(2, 24, 4, 8), SCALE, ("x", "y"), 24, architecture={"task_width": 4})
    with pytest.warns(DeprecationWarning, match="have their own `made_with`"):
        found = make_model().architecture
    assert found == {
        "task_width": 4, "task_hidden": 8, "task_norm": "none", "generator_width": 4, "generator_blocks": 1,
    }  # fmt: skip
    with pytest.warns(DeprecationWarning, match="made_with"):
        assert AdaptedModel(None, None, (), 24, nn.Identity()).architecture == {}


def test_parts_can_be_set() -> None:
    model, other = make_model(), make_model(norm="group")
    model.task_model, model.scale = other.task_model, LabelScale((0.0, 0.0), (1.0, 1.0))
    assert model.networks["task_model"] is model.task_model is other.task_model
    model.translator, other.scale = other.translator, model.scale
    np.testing.assert_array_equal(model.predict(images()), other.predict(images()))


def test_predictions_are_in_the_label_s_own_units() -> None:
    model = make_model()
    seen = torch.from_numpy(images()).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        scaled = model.task_model(model.translator(seen)).numpy()
    np.testing.assert_allclose(model.predict(images()), scaled * [0.5, 3.0] + [1.0, -2.0], rtol=1e-5)


def test_a_translator_in_bfloat16_predicts_nearly_the_same() -> None:
    model = make_model()
    exact, translated = model.predict(images(20)), model.translate(images(20)).astype(int)
    model.precision = "bf16-mixed"
    fast, seen = model.predict(images(20)), model.translate(images(20))
    assert fast.dtype == np.float32
    assert (fast != exact).any()
    np.testing.assert_allclose(fast, exact, atol=0.05 * exact.std())
    assert np.abs(seen - translated).mean() < 1  # of 255


def test_a_forked_process_translates_though_its_parent_s_threads_are_gone() -> None:
    model, batch = make_model(), images(64)
    context = multiprocessing.get_context("fork")  # as of Gymnasium's AsyncVectorEnv
    mine, theirs = context.Pipe()
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        right = model.translate(batch)  # begins the threads
        process = context.Process(target=lambda: theirs.send(model.translate(batch)), daemon=True)
        process.start()
        assert mine.poll(30), "it hangs"
        np.testing.assert_allclose(mine.recv().astype(int), right.astype(int), atol=1)
    finally:
        torch.set_num_threads(threads)
        process.kill()


def test_many_images_are_the_same_as_one_by_one() -> None:
    many = images(70)  # more than one batch
    model = make_model()
    alone = np.concatenate([model.predict(many[i : i + 1]) for i in range(70)])
    np.testing.assert_allclose(model.predict(many), alone, rtol=1e-4, atol=1e-5)


def test_translate_gives_an_image_and_without_translator_the_same() -> None:
    translated = make_model().translate(images())
    assert translated.shape == (3, 24, 24, 3)
    assert translated.dtype == np.uint8
    assert (translated != images()).any()
    np.testing.assert_array_equal(make_model(False).translate(images()), images())


@pytest.mark.parametrize(
    "bad",
    [images(3, 28), images().astype(np.float32), images()[..., :1], images()[:, :20]],
)
@pytest.mark.parametrize("what", ["predict", "translate"])
def test_images_of_another_size_or_type(bad: np.ndarray, what: str) -> None:
    with pytest.raises(CrossgapError, match=r"Expected images \(n, 24, 24, 3\) uint8; got \("):
        getattr(make_model(), what)(bad)


@pytest.mark.parametrize("one", [images()[0], [images()[0]], images()[::-1][2]])
def test_a_single_image_has_a_row_of_its_own(one) -> None:
    model = make_model()
    np.testing.assert_allclose(model.predict(one), model.predict(images()[:1]), rtol=1e-5)
    assert model.predict(one).shape == (1, 2)
    np.testing.assert_array_equal(model.translate(one), model.translate(images()[:1]))


def test_no_images_have_no_labels() -> None:
    assert make_model().predict([]).shape == (0, 2)
    assert make_model().translate([]).shape == (0, 24, 24, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_model().save(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["task_model.safetensors", "translator.safetensors"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_weights_that_are_cut_short(folder: Path, name: str, part: float) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(CrossgapError, match=rf"{name}.* is damaged or cut short.*Expected a whole"):
        AdaptedModel.load(folder)


@pytest.mark.parametrize("name", ["task_model.safetensors", "translator.safetensors"])
def test_weights_that_are_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CrossgapError, match=f"No weights at .*{name}"):
        AdaptedModel.load(folder)


def test_weights_of_another_network(folder: Path) -> None:
    (folder / "translator.safetensors").replace(folder / "task_model.safetensors")
    with pytest.raises(CrossgapError, match=r"task_model\.safetensors is damaged or another file: expected"):
        AdaptedModel.load(folder)
    without_digests(folder)
    with pytest.raises(CrossgapError, match=r"task_model\.safetensors does not fit this network: .* absent"):
        AdaptedModel.load(folder)


def without_digests(folder: Path) -> dict:
    """As a model was written before there were any."""
    about = read_json(folder / "adapted.json")
    del about["sha256"]
    write_json(folder / "adapted.json", about)
    return about


def test_a_model_of_before_there_were_digests_loads(folder: Path) -> None:
    without_digests(folder)
    np.testing.assert_array_equal(AdaptedModel.load(folder).predict(images()), make_model().predict(images()))


@pytest.mark.parametrize("name", ["task_model.safetensors", "translator.safetensors"])
def test_two_flipped_bytes_in_the_weights(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    for index in (-5, -50):
        content[index] ^= 0x40
    (folder / name).write_bytes(content)
    with pytest.raises(CrossgapError, match=rf"{name} is damaged or another file.*delete {folder} to make"):
        AdaptedModel.load(folder)


COMMON = [
    ("size", 10**9, "'size' is 1000000000, expected a whole number from 1 to 9999"),
    ("size", "24", "'size' is \"24\", expected a whole number"),
    ("method", None, "'method' is null, expected text"),
    ("label_names", {"x": 1}, "'label_names' is an object, expected a list"),
    ("label_names", ["x"], "1 label names do not fit its scale"),
    ("label_names", [], "0 label names do not fit its scale"),
    ("scale.mean", [1.0, None], r"'scale.mean\[1\]' is null, expected a number"),
    ("scale.spread", [1.0, 0.0], "a spread in its scale is not a number above 0"),
    ("scale.mean", [1.0, float("nan")], "a mean in its scale is not finite"),
    ("scale.mean", [float("-inf"), 1.0], "a mean in its scale is not finite"),
    ("sha256", {}, r"'sha256\.task_model' is absent, expected text"),
    ("sha256", {"task_model": "0"}, r"'sha256\.translator' is absent, expected text"),
    ("sha256", [], "'sha256' is a list, expected an object"),
    ("made_of", 3, "'made_of' is 3, expected an object"),
]
NOW = [
    ("size", 512, r"'networks\.task_model\.arguments\.size' is 24, expected 512"),
    ("scale", 3, "'scale' is 3, expected an object or null"),
    ("scale", None, "2 label names do not fit its scale"),
    ("networks", {}, r"its networks \(none\) do not fit its scale"),
    ("networks.critic", {}, r"its networks \(task_model, translator, critic\) do not fit its scale"),
    ("networks", [], "'networks' is a list, expected an object"),
    ("networks.task_model", {"name": "TaskModel"}, "'networks.task_model.arguments' is absent"),
    ("networks.task_model.name", 3, "'networks.task_model.name' is 3, expected text"),
    ("networks.task_model.arguments.outputs", 3, r"'.*outputs' is 3, expected 2"),
    ("networks.task_model.arguments.width", -4, r"adapted\.json describes a network that cannot be"),
    ("networks.task_model.arguments.hidden", 999_999, "does not fit this network"),
    ("networks.task_model.arguments.norm", "batch", r"adapted\.json describes a network that cannot be"),
    ("networks.task_model.arguments.depth", 3, r"adapted\.json describes a network that cannot be"),
    ("networks.translator.arguments.blocks", 10**9, r"adapted\.json describes .* cannot be \(.* of far more"),
    ("networks.translator.arguments.width", 10**30, r"adapted\.json describes a network that cannot be"),
    (
        "networks.translator.arguments.width",
        10**9,
        r"adapted\.json describes a network that cannot be|does not fit",
    ),
    (
        "networks.translator.arguments.blocks",
        10**6,
        r"adapted\.json describes a network that cannot be \(.* of far more",
    ),
    ("precision", None, "'precision' is null, expected text"),
]
BEFORE = [
    ("size", 512, r"does not fit this network: features.11.weight is of shape"),
    ("scale", 3, "'scale' is 3, expected an object"),
    ("scale", None, "'scale' is null, expected an object"),
    ("translator", 1, "'translator' is 1, expected true or false"),
    ("architecture.task_width", -4, "'architecture.task_width' is -4, expected a whole number from 1"),
    ("architecture.task_hidden", 999_999, "does not fit this network"),
    ("architecture.generator_blocks", 10**9, "'architecture.generator_blocks' is 1000000000, expected"),
    ("architecture.task_norm", "batch", r"adapted\.json describes a network that cannot be"),
    ("architecture", [], "'architecture' is a list, expected an object"),
]


@pytest.mark.parametrize(
    ("of", "path", "value", "problem"),
    [("now", *case) for case in COMMON + NOW] + [("before", *case) for case in COMMON + BEFORE],
)
def test_a_description_of_what_cannot_be(
    folder: Path, of: str, path: str, value: object, problem: str
) -> None:
    about = without_digests(folder if of == "now" else as_of_before(folder))
    *outer, key = path.split(".")
    part = about
    for name in outer:
        part = part[name]
    part[key] = value
    write_json(folder / "adapted.json", about)
    with pytest.raises(CrossgapError, match=rf"(adapted\.json is damaged: )?{problem}.*elete {folder} to"):
        AdaptedModel.load(folder)


def test_a_description_of_too_many_layers_leaves_nothing_behind(folder: Path) -> None:
    about = read_json(folder / "adapted.json")
    about["networks"]["translator"]["arguments"]["blocks"] = 10**6
    write_json(folder / "adapted.json", about)
    with pytest.raises(CrossgapError, match="far more weights"):
        AdaptedModel.load(folder)
    assert torch.is_grad_enabled()
    assert nn.Linear(1, 1).weight.device.type == "cpu"
    assert len(Generator(4, 200).state_dict()) > 800  # which nothing counts
    with torch.device("meta"):
        assert len(Generator(4, 1000).state_dict()) > 4000


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:3", "gpu"])
def test_a_device_that_is_not_there(folder: Path, device: str) -> None:
    with pytest.raises(CrossgapError, match=rf"Device '{device}' not found.*\. Available: .*cpu\."):
        AdaptedModel.load(folder, device)


def test_no_model_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "missing", tmp_path, tmp_path / "file"):
        with pytest.raises(CrossgapError, match=f"No adapted model at {path}"):
            AdaptedModel.load(path)


def test_a_description_that_is_cut_or_something_else(folder: Path) -> None:
    whole = (folder / "adapted.json").read_text()
    for text, message in (
        (whole[: len(whole) // 2], "is not valid JSON"),
        ('{"a": 1}', "adapted.json is damaged: 'method' is absent, expected text"),
        ("[]", "adapted.json is damaged: it is a list, expected an object"),
    ):
        (folder / "adapted.json").write_text(text)
        with pytest.raises(CrossgapError, match=message):
            AdaptedModel.load(folder)
    for text in ("[]", "null", "3"):
        (folder / "adapted.json").write_text(text)
        with pytest.raises(CrossgapError, match=rf"adapted.json is damaged: .* delete {folder} to make"):
            weights_of(folder)


def test_a_full_disk_leaves_nothing_of_a_model(full_disk: Path) -> None:
    torch.manual_seed(0)
    model = AdaptedModel(TaskModel(2, 24, 16, 256), SCALE, ("x", "y"), 24)
    with pytest.raises(CrossgapError, match=r"Could not write .*model: .*No space left on device"):
        model.save(full_disk / "model")
    assert list(full_disk.iterdir()) == []


@pytest.mark.parametrize("network", ["task_model", "translator"])
def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path, network: str) -> None:
    model = make_model()
    with torch.no_grad():
        next(getattr(model, network).parameters())[0] = float("nan")
    with pytest.raises(CrossgapError, match=r"'taskgan_inverse' ended in weights that are not finite"):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())
