"""Killed anywhere and run again, a night leaves the warehouse of an undisturbed night."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest

from kho.connections import write_connections
from tests.chaos import victim as victim_of
from tests.forked import Ended, run_forked
from tests.integration.embedded import copy_database
from tests.integration.night import EPOCH, Province, a_sandbox, new_province

MASTERS = ("administrative_units", "agencies", "procedures", "investment_projects")
SECOND = EPOCH + timedelta(days=1)
TEMPLATE = "first_night"
SEALED_KEYS = "sealed-secrets.json"
TABLES = {
    "public_service_dossiers": ("fact_dossier",),
    "investment_disbursements": ("fact_disbursement",),
    "enterprises": ("fact_enterprise_event", "dim_enterprise"),
}
DATASETS = tuple(TABLES)

BOUNDARIES = [
    f"{edge}:{step}" for step in ("extract", "stage", "validate", "load") for edge in ("before", "after")
]
INSIDE = ["during:publish", "during:copy"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple]:
    with a_sandbox(size=1_500, defect_scale=3.0) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(sandbox: tuple) -> Province:
    """One clean night, then a second; the second is what the victims are killed in."""
    province = new_province(*sandbox)
    for dataset in MASTERS + DATASETS:
        province.run(dataset, EPOCH)
    _seal(province)
    province.set_clock(SECOND)
    for dataset in DATASETS:
        province.run(dataset, SECOND)
    return province


def _seal(province: Province) -> None:
    """Keep the state after the first night as a template for the others."""
    name = province.context.engine.url.database
    province.context.engine.dispose()
    copy_database(province.server, str(name), TEMPLATE)
    shutil.copy(province.context.settings.secrets_file, province.settings.home / SEALED_KEYS)


@pytest.fixture(scope="module")
def statements(sandbox: tuple, undisturbed: Province) -> dict[str, dict[str, int]]:
    """How many SQL statements each step of an undisturbed second night runs."""
    counts = {}
    for dataset in DATASETS:
        done = _run(_copy(sandbox), dataset, "count")
        assert done.status == 0
        counts[dataset] = done.answer
    return counts


def _copy(sandbox: tuple) -> Province:
    province = new_province(*sandbox, template=TEMPLATE)
    shutil.copy(province.settings.home / SEALED_KEYS, province.context.settings.secrets_file)
    write_connections(province.context.settings, province.context.connections.all())
    return province


@pytest.fixture
def victim(sandbox: tuple, undisturbed: Province) -> Province:
    return _copy(sandbox)


def _run(province: Province, dataset: str, where: str) -> Ended:
    return run_forked(victim_of.run, dataset, SECOND, where, environment=province.environment())


def _same(province: Province, undisturbed: Province, dataset: str) -> None:
    mine, expected = province.star(), undisturbed.star()
    for table in TABLES[dataset]:
        assert mine[table] == expected[table]
    quarantine = (
        "SELECT business_key, failed_rules, raw, agency_code, status, first_seen_on FROM dq.quarantine "
        "WHERE dataset = :d ORDER BY business_key, raw_md5"
    )
    assert province.rows(quarantine, d=dataset) == undisturbed.rows(quarantine, d=dataset)
    # How often the source was asked is evidence of its own: who was killed asked more often.
    score = (
        "SELECT as_of, dataset, agency_code, principle, score, rules, "
        "CASE WHEN principle = 'connected' AND agency_code = '' THEN NULL ELSE evaluated END, failed "
        "FROM dq.score WHERE dataset = :d ORDER BY as_of, agency_code, principle"
    )
    assert province.rows(score, d=dataset) == undisturbed.rows(score, d=dataset)
    assert province.scalar("SELECT bool_and(balanced) FROM dq.reconciliation")


@pytest.mark.parametrize("where", BOUNDARIES + INSIDE)
def test_killed_at_a_boundary(victim: Province, undisturbed: Province, where: str) -> None:
    dataset = "public_service_dossiers"
    assert _run(victim, dataset, where).status == -9
    victim.run(dataset, SECOND)
    _same(victim, undisturbed, dataset)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("step", ["extract", "stage", "validate", "load", "finish"])
def test_killed_inside_a_step(
    victim: Province, undisturbed: Province, statements: dict[str, dict[str, int]], dataset: str, step: str
) -> None:
    """At the first, the middle and the last statement of the step, one death after the other."""
    last = statements[dataset][step]
    for number in sorted({1, (last + 1) // 2, last}):
        assert _run(victim, dataset, f"{step}:{number}").status == -9
    victim.run(dataset, SECOND)
    _same(victim, undisturbed, dataset)
