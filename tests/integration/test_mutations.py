"""What is planted is found, and nothing else: every kind of defect of every dataset, at three shares.

Each kind is injected at 0.1 %, 1 % and 20 % into good records of its dataset; beside them stand the records of
sandboxes without defects, each of another seed. All are staged and validated as in a night; every single row
must break exactly the rules that its kind says, under the right principle and agency.

In CI a kind is injected into 1,000, 200 and 50 records, and four sandboxes without defects are judged.
`make bench ARGS=mutations` takes ten times as many records and fifty sandboxes.
"""

import math
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration import mutations
from tests.integration.mutations import SHARES, Injected, Mutation
from tests.integration.rule_cases import dataset, datasets_with_suite

DATASETS = datasets_with_suite()


def test_there_are_kinds_enough() -> None:
    kinds = {(name, kind.name) for name in DATASETS for kind in mutations.mutations(name)}
    assert len(kinds) >= 40
    assert all(len(mutations.mutations(name)) >= 5 for name in DATASETS)


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_planted_is_found_and_nothing_else(name: str, pg_engine: sa.Engine, tmp_path: Path) -> None:
    contract, suite = dataset(name)
    kinds = mutations.mutations(name)
    batch = mutations.inject(name, kinds, SHARES, mutations.times())
    mutations.add_good(batch, name, mutations.seeds())
    staged, validation = mutations.judge(pg_engine, name, batch.rows, tmp_path / "m")
    found: dict[int, tuple[str, ...]] = dict.fromkeys(range(len(batch.rows)), ())
    agencies = {}
    for row, agency, rules in mutations.found_in(pg_engine, validation):
        found[row], agencies[row] = rules, agency
    is_derived = name not in mutations.SOURCES
    for row, expected in enumerate(batch.expected):
        if is_derived and expected:
            # What a suite calls a breaking row may break other rules of reference data too.
            assert set(expected) <= set(found[row]), batch.rows[row]
        else:
            assert sorted(expected) == sorted(found[row]), batch.rows[row]
        if found[row]:
            assert agencies[row] == mutations.agency_of(contract, batch.rows[row])
    assert staged.duplicates == batch.duplicates
    counted = Counter((rule, agencies[row]) for row, rules in found.items() for rule in rules)
    assert mutations.tallied(validation) == counted
    said = {rule.rule_id: (rule.principle, rule.severity) for rule in suite.rules}
    for result in validation.results:
        assert (result.principle, result.severity) == said[result.rule_id]
    _every_share_is_there(batch, kinds)


def _every_share_is_there(batch: Injected, kinds: list[Mutation]) -> None:
    rows, bad = Counter[tuple[str, float]](), Counter[tuple[str, float]]()
    for row, expected in zip(batch.rows, batch.expected, strict=True):
        kind, share, _ = row[mutations.SEGMENT].rsplit(" ", 2)
        rows[kind, float(share)] += 1
        bad[kind, float(share)] += bool(expected)
    for kind in kinds:
        for share in SHARES:
            planted = 0 if kind.repeat == "exact" else share
            assert math.isclose(bad[kind.name, share] / rows[kind.name, share], planted, rel_tol=0.2)
    good = [seed for kind, seed in rows if kind == mutations.GOOD]
    assert len(good) == (mutations.seeds() if batch.name in mutations.SOURCES else 1)
