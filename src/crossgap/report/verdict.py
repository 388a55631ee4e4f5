"""The verdict: one sentence that says what was shown, and says so when nothing was."""

from dataclasses import dataclass

from crossgap.core.statistics import paired_difference, wilson_interval
from crossgap.report.content import ReportContent
from crossgap.report.palette import Shown, show

SUBJECTS = ("taskgan_inverse_refined", "taskgan_inverse")
"""What the verdict is about: the first of these that was evaluated."""
CHEAP = ("target_only", "fine_tuned")
"""What it must beat."""
FEWEST_STARTS = 20
"""With fewer starts no verdict is given: a bootstrap over so few says nothing."""


@dataclass(frozen=True)
class Verdict:
    """What the report says first."""

    outcome: str
    """`better` than every baseline, `worse` than one, `unclear`, or `open` (nothing can be said)."""
    headline: str
    """The outcome in a few words."""
    sentence: str
    """The outcome with its figures and 95 % intervals."""


@dataclass(frozen=True)
class Difference:
    """Success of one method minus another's on the same starts, in percentage points."""

    value: int
    """The difference."""
    low: int
    """Lower end of its 95 % interval."""
    high: int
    """Upper end."""
    kind: str
    """`better` or `worse` where the interval leaves out 0, else `unclear`."""


def difference(content: ReportContent, a: str, b: str) -> Difference:
    """Success of method `a` minus that of method `b`."""
    found = paired_difference(content.played[a].success, content.played[b].success)
    kind = "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "unclear"
    value, low, high = (round(100 * found[key]) for key in ("value", "low", "high"))
    return Difference(value, low, high, kind)


def subject(content: ReportContent) -> str | None:
    """The method that the verdict is about; None where no TaskGAN was evaluated."""
    return next((method for method in SUBJECTS if method in content.played), None)


def recommended(content: ReportContent) -> str:
    """The method whose model the report hands over: what the verdict is about, or else the best."""
    return subject(content) or max(content.played, key=lambda method: sum(content.played[method].success))


def signed(points: int) -> str:
    """With a plus or a real minus."""
    return f"+{points}" if points > 0 else f"−{-points}" if points < 0 else "0"


def judge(content: ReportContent) -> Verdict:
    """The verdict on a report's content."""
    methods = show(content.played, *content.image_counts())
    about = subject(content)
    if about is None:
        rate = _rate(content, recommended(content))
        sentence = f"No TaskGAN was evaluated in {content.domain}; the best of {len(methods)}, {rate}."
        return Verdict("open", "No TaskGAN to judge", sentence.replace("best of 1, ", "only method, "))
    found = {method: difference(content, about, method) for method in CHEAP if method in content.played}
    sentence = f"In {content.domain}, {_rate(content, about)}" + _comparison(found, methods)
    if "oracle" in content.played:
        sentence += "; " + _to_oracle(difference(content, about, "oracle"))
    if content.starts < FEWEST_STARTS:
        sentence += f"; {content.starts} starts are too few for a verdict"
        return Verdict("open", "Too few starts to tell", sentence + ".")
    said = f"{sentence}. {content.one_training}".rstrip()
    return Verdict(*_outcome(found, methods), said)


def _rate(content: ReportContent, method: str) -> str:
    phrase = show([method], *content.image_counts())[method].phrase
    successes, n = sum(content.played[method].success), content.starts
    low, high = wilson_interval(successes, n)
    interval = f"{100 * low:.0f}–{100 * high:.0f} %"
    rate = f"{100 * successes / n:.0f} % of {n} unseen starts"
    return f"{phrase} reaches the cube in {rate} (95 % interval {interval})"


def _comparison(found: dict[str, Difference], methods: dict[str, Shown]) -> str:
    text, before = "", None
    for method, diff in found.items():
        label = "" if before else "paired difference "
        joint = ", " if before is None else " and " if diff.kind == before else ", but "
        phrase = methods[method].phrase
        if method == "fine_tuned" and before:  # the target images have just been named
            phrase = "fine-tuning on them"
        if diff.kind == "unclear":
            points = f"{label}{signed(diff.value)}, {signed(diff.low)} to {signed(diff.high)}"
            text += f"{joint}not clearly different from {phrase} ({points})"
        else:
            word = "more" if diff.kind == "better" else "fewer"
            low, high = sorted((abs(diff.low), abs(diff.high)))
            text += f"{joint}{abs(diff.value)} points {word} than {phrase} ({label}{low}–{high})"
        before = diff.kind
    return text


def _to_oracle(diff: Difference) -> str:
    if diff.kind == "unclear":
        points = f"{signed(-diff.value)}, {signed(-diff.high)} to {signed(-diff.low)}"
        return f"the oracle is not clearly different ({points})"
    low, high = sorted((abs(diff.low), abs(diff.high)))
    place = "ahead" if diff.kind == "worse" else "behind"
    return f"the oracle is {abs(diff.value)} points {place} ({low}–{high})"


def _outcome(found: dict[str, Difference], methods: dict[str, Shown]) -> tuple[str, str]:
    def names(kind: str) -> str:
        return " and ".join(methods[method].name for method, diff in found.items() if diff.kind == kind)

    if not found:
        return "open", "No baseline to compare with"
    if names("worse"):
        return "worse", f"Beaten by {names('worse')}"
    if names("unclear"):
        return "unclear", f"No clear gain over {names('unclear')}"
    return "better", "Beats both cheap baselines" if len(found) > 1 else f"Beats {names('better')}"
