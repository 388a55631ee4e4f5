"""The README's table."""

import pytest

from crossgap.errors import CrossgapError
from crossgap.experiments.tables import insert, success_table


def results(*successes):
    rows = [
        {
            "domain": "target_b",
            "method": "oracle",
            "seed": seed,
            "metric": "success",
            "value": value,
            "n": 100,
        }
        for seed, value in enumerate(successes)
    ]
    other = {
        "domain": "target_b",
        "method": "oracle",
        "seed": 0,
        "metric": "held_out_mse",
        "value": 9.0,
        "n": 5,
    }
    return {
        "provenance": {"preset": "quick", "command": "crossgap x", "commit": "abc"},
        "rows": [*rows, other],
    }


def test_mean_and_range_over_seeds():
    table = success_table(results(0.9, 0.8, 0.97))
    assert "89 % (80–97)" in table
    assert "mean of 3 seeds × 100 starts" in table
    assert "commit abc" in table
    assert table.splitlines()[2].endswith("| – |")  # source only was not run


def test_insert_replaces_what_is_between_the_markers_only():
    document = "before\n<!-- begin: t -->\nold\n<!-- end: t -->\nafter"
    assert insert(document, "t", "new") == "before\n<!-- begin: t -->\nnew\n<!-- end: t -->\nafter"
    with pytest.raises(CrossgapError, match="begin: u"):
        insert(document, "u", "new")
