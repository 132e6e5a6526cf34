"""`make bench ARGS=mutations` and `make bench ARGS=agreement`: the tests of the rules, in full size.

In:  nothing, or how many times as many records as in CI (mutations), how many rows a dataset (agreement).
Out: what pytest says; its exit status.
"""

import os
import sys
from collections.abc import Sequence

import pytest

_TESTS = "tests/integration"


def mutations(arguments: Sequence[str]) -> None:
    """Ten times as many records with planted defects as in CI, and fifty sandboxes without."""
    times = arguments[0] if arguments else "10"
    _run("test_mutations.py", MUTATION_TIMES=times, MUTATION_SEEDS="50")


def agreement(arguments: Sequence[str]) -> None:
    """Our verdicts against Great Expectations' on 200,000 rows of every dataset."""
    _run("test_labelling_agrees_with_gx.py", AGREEMENT_ROWS=arguments[0] if arguments else "200000")


def _run(file: str, **environment: str) -> None:
    os.environ.update(environment)
    sys.exit(pytest.main([f"{_TESTS}/{file}", "-q", "-n", "0", "--durations=30", "-o", "timeout=3600"]))
