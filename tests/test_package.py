"""The package: its public names, and what may not be imported with them."""

from __future__ import annotations

import crossgap


def test_every_public_name_is_there_and_from_where_it_says() -> None:
    for name in crossgap.__all__:
        assert getattr(crossgap, name).__name__ == name
    assert set(crossgap.__all__) == set(crossgap._WHERE)


def test_simulation_and_data_import_no_torch(python) -> None:
    code = "import sys, crossgap.simulation.reach3, crossgap.data; print('torch' in sys.modules)"
    assert python(code).stdout == "False\n"
