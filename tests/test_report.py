"""The report says what was shown, and nothing else; it is one file that needs nothing from outside."""

import base64
import io
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import CrossgapError
from crossgap.evaluation import ClosedLoop
from crossgap.experiments.taskgan.presets import MAIN_METHODS, PRESETS
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.report import ReportContent, build_report, judge, training
from crossgap.report.build import BLIND
from crossgap.report.charts import distance_limit, loss_chart, strip
from crossgap.report.palette import show
from crossgap.report.pictures import ANIMATION_FRAMES, animation, picture, typical_start
from crossgap.report.tables import _cell, duration, flatten, metric_table

RATES = {
    "source_only": 0.05, "target_only": 0.22, "fine_tuned": 0.56, "taskgan_inverse": 0.7,
    "taskgan_inverse_refined": 0.87, "oracle": 0.96,
}  # fmt: skip


def loop(successes: int, n: int = 100) -> ClosedLoop:
    """The first `successes` of n starts are reached: so methods are nested, and differences plain."""
    success = [index < successes for index in range(n)]
    distance = [0.05 + 0.0004 * index if reached else 0.3 for index, reached in enumerate(success)]
    return ClosedLoop(list(range(10_000, 10_000 + n)), success, success, distance)


def episodes(recorded: int, steps: int, size: int = 16) -> np.ndarray:
    """A white square that crosses a floor of changing colour: (recorded, steps + 1, size, size, 3) uint8."""
    images = np.full((recorded, steps + 1, size, size, 3), (120, 70, 40), np.uint8)
    for step in range(steps + 1):
        x = step * (size - 4) // steps
        images[:, step, 4:8, x : x + 4] = 255
        images[:, step, :2] = step * 37 % 256
    return images


def make_content(recorded: int = 2, n: int = 100, **successes: int) -> ReportContent:
    """A plausible report of the methods given, or of all."""
    counts = successes or {method: round(rate * n) for method, rate in RATES.items()}
    played = {method: loop(count, n) for method, count in counts.items()}
    rows = [
        {"domain": domain, "method": method, "seed": 0, "metric": metric, **figures}
        for domain in ("target_b", "target_z")
        for method, result in played.items()
        for metric, figures in result.aggregate().items()
    ]
    pictures = episodes(1, 7)[0]
    losses = {"task_loss": 0.5, "adversarial": 0.4, "discriminator": 0.3}
    return ReportContent(
        title="A toy report", domain="target_b", rows=rows, played=played,
        frames={method: episodes(recorded, 12) for method in played if recorded},
        images=dict.fromkeys(("source", "target", "translated", "true pair"), pictures),
        metrics=[{"phase": "taskgan_inverse", "step": step, **losses} for step in (25, 50, 75)],
        provenance={
            "commit": "abc123def456", "command": "crossgap demo", "preset": "smoke", "started": "2026-01-02",
            "machine": {"processor": "a processor", "cores": 2}, "versions": {"python": "3.11.2"},
            "wall_s": 90.0,
        },
        config={"gain": 0.2, "preset": {"steps": 16, "target_episodes": 50, "source_episodes": 1416}},
        times={"collect source": 9.0, "train oracle": 63.4},
        success_distance=0.1,
        models={method: f"seed_0/target_b/models/{method}" for method in played},
    )  # fmt: skip


class Page(HTMLParser):
    """What is in a page: its text, its pictures, and every address it refers to."""

    def __init__(self, html: str):
        super().__init__()
        self.text, self.images, self.addresses, self.open = "", [], [], []
        self.feed(html)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "img", "br", "link"}:
            self.open.append(tag)
        named = dict(attrs)
        self.addresses += [named[key] for key in ("src", "href", "xlink:href") if key in named]
        if tag == "img":
            self.images.append(named)

    def handle_startendtag(self, tag, attrs):
        self.addresses += [value for key, value in attrs if key in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


def page(content: ReportContent, folder) -> tuple[str, Page]:
    html = build_report(content, folder / "report.html").read_text(encoding="utf-8")
    return html, Page(html)


# the verdict; with nested successes a bootstrap interval of d points is near d ± 1.96 √(d (100 − d) / 100)


def test_a_win_over_both_baselines_and_the_distance_to_the_oracle():
    verdict = judge(make_content(target_only=22, fine_tuned=56, taskgan_inverse_refined=87, oracle=96))
    assert verdict.outcome == "better"
    assert verdict.headline == "Beats both cheap baselines"
    expected = (
        r"In target_b, the refined inverse TaskGAN reaches the cube in 87 % of 100 unseen starts "
        r"\(95 % interval 79–92 %\), 65 points more than training on the 800 target images alone "
        r"\(paired difference 5[56]–74\) and 31 points more than fine-tuning on them \(22–40\); "
        r"the oracle is 9 points ahead \([34]–1[45]\)\."
    )
    assert re.fullmatch(expected, verdict.sentence)


def test_a_tie_with_a_baseline_is_called_one():
    verdict = judge(make_content(target_only=30, fine_tuned=79, taskgan_inverse_refined=80))
    assert verdict.outcome == "unclear"
    assert verdict.headline == "No clear gain over Fine-tuned"
    assert "50 points more than training on" in verdict.sentence
    assert "but not clearly different from fine-tuning on them (+1, 0 to +3)" in verdict.sentence


def test_a_loss_is_called_one():
    verdict = judge(make_content(target_only=30, fine_tuned=90, taskgan_inverse_refined=60, oracle=60))
    assert verdict.outcome == "worse"
    assert verdict.headline == "Beaten by Fine-tuned"
    assert re.search(r"but 30 points fewer than fine-tuning on them \(2[12]–39\)", verdict.sentence)
    assert "the oracle is not clearly different (0, 0 to 0)" in verdict.sentence


def test_few_starts_give_no_verdict():
    verdict = judge(make_content(n=4, target_only=0, fine_tuned=0, taskgan_inverse_refined=4))
    assert verdict.outcome == "open"
    assert verdict.sentence.endswith("; 4 starts are too few for a verdict.")


def test_without_taskgan_the_best_method_is_named():
    verdict = judge(make_content(target_only=22, fine_tuned=56))
    assert verdict.outcome == "open"
    assert verdict.sentence == (
        "No TaskGAN was evaluated in target_b; the best of 2, fine-tuning on the 800 target images reaches "
        "the cube in 56 % of 100 unseen starts (95 % interval 46–65 %)."
    )


def test_methods_on_different_starts_are_refused():
    content = make_content(target_only=22, oracle=96)
    other = replace(content.played["oracle"], seeds=list(range(100)))
    with pytest.raises(CrossgapError, match=r"'target_only' and 'oracle' played different starts"):
        replace(content, played={**content.played, "oracle": other})


# the page


def test_the_page_is_whole_and_needs_nothing_from_outside(tmp_path):
    html, parsed = page(make_content(), tmp_path)
    assert "http:" not in html
    assert "https:" not in html
    assert all(address.startswith(("data:image/", "#")) for address in parsed.addresses)
    assert "url(" not in html.replace("url(#", "")
    assert not re.search(r"var\((?!--)|None|Undefined|nan", html.split("</style>")[1].split("data:")[0])
    for shown in show(RATES, "800", "22,656").values():
        assert parsed.text.count(shown.name) >= 4
    assert len(parsed.images) == 4 * 8 + 2 * 6
    for known in ("abc123def456", "crossgap demo", "1 min 12 s", "1 min 30 s", "a processor", "3.11.2"):
        assert known in parsed.text
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]


def test_the_page_says_what_the_task_is_and_what_a_blind_policy_has(tmp_path):
    content = make_content(taskgan_inverse=70)
    _, parsed = page(content, tmp_path)
    task = " ".join(parsed.text.split("The task")[1].split("How often")[0].split())
    assert "trained on 22,656 labelled images of the source look" in task
    assert "In target_b the same scene looks otherwise, and there are 800 labelled images." in task
    assert "a success if at its end the arm’s tip is within 10 cm of the cube." in task
    assert "sees nothing" not in task  # in episodes of some other length
    preset = content.config["preset"] | {"episode_steps": 100}
    _, parsed = page(replace(content, config={"preset": preset}), tmp_path)
    task = " ".join(parsed.text.split("The task")[1].split("How often")[0].split())
    assert "if after 100 steps the arm’s tip is" in task
    assert "sees nothing and drives to the best single place is there in 16 % of 2,000 other starts." in task


def test_what_a_blind_policy_has_is_what_the_benchmark_measures():
    rows = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks/blind.py"))["measure"]()
    (best,) = (row for row in rows if row["pose"] == "best")
    assert round(best["others"], 2) == BLIND


def test_the_page_says_where_the_model_is_and_how_to_use_it(tmp_path):
    _, parsed = page(make_content(fine_tuned=90, taskgan_inverse=70, oracle=99), tmp_path)
    assert 'AdaptedModel.load("seed_0/target_b/models/taskgan_inverse")' in parsed.text
    assert (
        "crossgap evaluate seed_0/target_b/models/taskgan_inverse --look target_c --gain 0.2" in parsed.text
    )
    assert "seed_0/target_b/models/fine_tuned and seed_0/target_b/models/oracle." in " ".join(
        parsed.text.split()
    )
    _, parsed = page(make_content(fine_tuned=90, source_only=7), tmp_path)  # no TaskGAN: the best
    assert 'AdaptedModel.load("seed_0/target_b/models/fine_tuned")' in parsed.text
    _, parsed = page(replace(make_content(oracle=90), models={}), tmp_path)
    assert "AdaptedModel" not in parsed.text


@pytest.mark.parametrize(
    ("methods", "parts"),
    [
        (("source_only", "fine_tuned"), {"source", "fine_tuning"}),
        (("target_only",), {"target"}),
        (MAIN_METHODS, {"source", "target", "fine_tuning", "translator", "refinement"}),
    ],
)
def test_the_settings_are_those_of_the_methods_that_ran(tmp_path, monkeypatch, fabric, methods, parts):
    monkeypatch.setattr(TaskGANTrial, "gain", 0.2)
    experiment = TaskGANTrial(tmp_path, PRESETS["smoke"], "target_b", 0, fabric, methods=methods)
    preset = experiment.description()["preset"]
    assert set(preset["config"]) == {"networks"} | parts
    assert preset["methods"] == list(methods)
    _, parsed = page(replace(make_content(), config=experiment.description()), tmp_path)
    assert "preset › config › source" in parsed.text or "source" not in parts
    assert "cycle" not in parsed.text


def test_the_same_content_gives_the_same_page(tmp_path):
    content = make_content(taskgan_inverse=70, oracle=96)
    assert page(content, tmp_path)[0] == page(content, tmp_path)[0]


def test_a_single_method_without_pictures_or_metrics(tmp_path):
    content = replace(
        make_content(recorded=0, taskgan_inverse=70), images={}, metrics=[], times={}, config={}
    )
    _, parsed = page(replace(content, provenance={}, rows=[]), tmp_path)
    assert "TaskGAN inverse" in parsed.text
    assert "The same start" not in parsed.text
    assert not parsed.images


def test_a_single_recorded_episode_and_an_unknown_method(tmp_path):
    _, parsed = page(make_content(recorded=1, taskgan_inverse=70, cycle_of_mine=60), tmp_path)
    assert "It is the only recorded one." in parsed.text
    assert "cycle of mine" in parsed.text


def test_a_phase_keeps_its_method_s_colour_when_other_methods_were_played(tmp_path):
    html, _ = page(make_content(taskgan_inverse_refined=80, oracle=96), tmp_path)
    variable = re.search(r"(--m\d+): #e3a008", html)
    assert variable
    assert f"stroke: var({variable[1]})" in html


def test_odd_titles_are_text_not_markup(tmp_path):
    odd = "<script>alert('1 & 2')</script>"
    content = replace(make_content(oracle=96, taskgan_inverse=3), title=odd, domain=odd)
    html, parsed = page(content, tmp_path)
    assert "<script" not in html
    assert odd in parsed.text


def test_nothing_half_written_is_left_when_the_place_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CrossgapError, match="Could not write"):
        build_report(make_content(taskgan_inverse=70), tmp_path / "file" / "report.html")


def test_importing_the_report_imports_neither_torch_nor_matplotlib():
    code = "import sys, crossgap.report; print({'torch', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# pictures, charts, tables


def decode(uri: str) -> Image.Image:
    head, data = uri.split(",", 1)
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize(("steps", "expected"), [(1, 2), (12, 13), (100, ANIMATION_FRAMES)])
def test_an_animation_has_about_fifty_frames_and_ends_with_the_episode(steps, expected):
    images = episodes(1, steps, size=32)[0]
    film = decode(animation(images))
    assert film.n_frames == expected
    assert film.size == (192, 192)
    assert film.info["loop"] == 0
    film.seek(expected - 1)
    last = np.asarray(film.convert("RGB"))[::6, ::6].astype(int)
    assert np.abs(last - images[-1]).mean() < 12


def test_pictures_are_enlarged_without_loss():
    image = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    shown = np.asarray(decode(picture(image)).convert("RGB"))
    assert shown.shape == (256, 256, 3)
    assert (shown[2::4, 2::4] == image).all()


def test_the_start_shown_is_where_most_methods_do_what_they_usually_do():
    def of(success, distance):
        return ClosedLoop([1, 2, 3], success, success, distance)

    played = {
        "target_only": of([True, False, False], [0.05, 0.2, 0.5]),
        "oracle": of([True, True, True], [0.05, 0.05, 0.05]),
    }
    assert typical_start(played, recorded=3) == (2, 2)
    assert typical_start(played, recorded=2) == (1, 2)


def test_distance_dots_lie_within_the_axis_and_keep_their_order():
    values = [0.02, 0.02, 0.0999, 0.1001, 0.83]
    assert distance_limit(values) == 0.9
    xs = [x for x, _ in strip(values, 0.9)]
    assert xs == sorted(xs)
    assert 0 <= xs[0] < xs[2] < xs[3] < xs[4] <= 100
    assert len(set(strip(values, 0.9))) == 5


def test_a_loss_curve_survives_odd_rows():
    shown = show(["oracle"], "few", "many")["oracle"]
    rows = [{"phase": "oracle", "step": 25, "task_loss": 0.0}, {"phase": "oracle", "step": 50, "extra": -1.0}]
    svg = loss_chart([*rows, {"phase": "oracle", "step": 75, "task_loss": float("nan")}], shown)
    assert svg.startswith("<svg")
    assert "task" in svg
    assert f"var({shown.css})" in svg


def test_tables_say_what_was_measured():
    (row,) = metric_table(make_content(taskgan_inverse=70))
    assert row["cells"][0] == ("70 %", "60–78")
    assert row["cells"][1] == row["cells"][3] == ("not measured", "")  # episodes of before
    assert row["cells"][4] == ("0.135 m", "0.113–0.156")
    steps = {"metric": "steps_to_reach", "value": 34.51, "low": 30.2, "high": 38.8}
    assert _cell(steps) == ("35", "30–39")
    groups = dict(flatten({"a": {"b": {"gains": (0.1, 0.2), "n": 22656}}, "on": True}))
    assert groups == {"": [("on", "yes")], "a › b": [("gains", "0.1, 0.2"), ("n", "22,656")]}
    assert [duration(s) for s in (0.44, 59.6, 252, 7500)] == ["0.4 s", "1 min 0 s", "4 min 12 s", "2 h 5 min"]


def test_a_gallery_s_labels_have_greek_letters(tmp_path) -> None:
    row = np.zeros((1, 16, 16, 3), np.uint8)
    drawn = {contact_sheet({letter: row}, tmp_path / "a.png").read_bytes() for letter in "λφ\ufffe"}
    assert len(drawn) == 3  # what a font lacks is one and the same box


def test_sheets_of_a_training_are_in_the_order_of_their_steps(tmp_path) -> None:
    for name in (*(f"{100_000 * i:06d}" for i in range(1, 11)), "mine"):  # the last has a digit more
        Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / f"{name}.png")
    steps = [step for step, _ in training._sheets(tmp_path)]
    assert steps == [1_000_000, 700_000, 400_000, 100_000]
    assert training._sheets(tmp_path / "none") == []
