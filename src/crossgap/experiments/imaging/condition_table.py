"""The tables of the study of one condition: all conditions together, and each."""

from collections.abc import Mapping

from crossgap.experiments.engine.experiment import Rows
from crossgap.experiments.engine.markdown import having, seeds_in, table
from crossgap.experiments.imaging.arm import METRICS
from crossgap.experiments.imaging.study import cell

FIRST = "between picture and policy"


def condition_tables(rows: Rows, whole: str, titles: Mapping[str, str], origin: str) -> str:
    """Both, in Markdown.

    Args:
        rows: of the domain `whole`, all conditions together, and of those below it, one each.
        whole: that domain.
        titles: of the methods, in the order of the lines.
        origin: where the figures come from, a sentence.
    """
    mix = having(rows, domain=whole)
    shown = {method: title for method, title in titles.items() if having(mix, method=method)}
    lines = [
        (title, [*(_cut(mix, method, metric) for metric in ("success", "task_error")), *(
            cell(having(mix, method=method, metric=metric), form) for metric, (_, form) in METRICS.items()
        )])
        for method, title in shown.items()
    ]  # fmt: skip
    text = (
        f"Means of {seeds_in(rows)} seeds (lowest – highest). Cut: of what there is with nothing. Success in "
        "closed loop. Error: the policy's, squared, on held-out pictures (1 = knows nothing). SSIM and PSNR "
        "of translated pictures against the true clear ones; KID against those that the policy learnt on, in "
        f"its features. {origin}"
    )
    columns = ("failures cut", "error cut", *(title for title, _ in METRICS.values()))
    return f"{table(FIRST, columns, lines, text)}\n\n{_each(rows, whole, shown)}"


def _each(rows: Rows, whole: str, shown: Mapping[str, str]) -> str:
    """Success in each condition."""
    success = [row for row in having(rows, metric="success") if row["domain"] != whole]
    looks = dict.fromkeys(row["domain"] for row in success)
    lines = [
        (title, [cell(having(success, domain=look, method=method), "%") for look in looks])
        for method, title in shown.items()
    ]
    names = [look.removeprefix(f"{whole}/").replace("_", " ") for look in looks]
    return table(FIRST, names, lines, f"Success in closed loop, {success[0]['n']} starts in each.")


def _cut(rows: Rows, method: str, metric: str) -> str:
    """Which share of the failures, or of the error, a method does away with."""
    left, of_all = (
        sum(abs((metric == "success") - row["value"]) for row in having(rows, method=one, metric=metric))
        for one in (method, "nothing")
    )
    return f"{1 - left / of_all:.0%}" if of_all and method != "nothing" else "–"
