"""Killed anywhere and run again, a night leaves the warehouse of an undisturbed night."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from kho.connections import write_connections
from kho.quality.lineage import tables_of
from tests.chaos import victim as victim_of
from tests.forked import Ended, run_forked
from tests.integration.comparable import Rows, differences, whole_history, whole_record, whole_star
from tests.integration.embedded import copy_database
from tests.integration.night import EPOCH, Province, a_sandbox, in_order, new_province

SECOND = EPOCH + timedelta(days=1)
TEMPLATE = "first_night"
SEALED_KEYS = "sealed-secrets.json"
DOSSIERS = "public_service_dossiers"
# A window of changes over SQL, a history of versions, revisions, a table compared with its last state, files.
OTHERS = (
    "investment_disbursements",
    "enterprises",
    "indicator_reports",
    "land_parcels",
    "commune_socioeconomic_forms",
)
MASTERS = (
    "administrative_units",
    "agencies",
    "procedures",
    "indicators",
    "investment_projects",
    "commune_form_lines",
)
# Where one death comes after the other until the night is let go to its end; `middle` and `last` is a statement of
# the step. Before the first one a step has done nothing, and nothing happens between the end of a step and the
# beginning of the next.
DEATHS = {
    "extract": ("before:extract", "during:publish", "extract:middle", "extract:last"),
    "stage": ("before:stage", "during:copy", "stage:middle", "stage:last"),
    "validate": ("before:validate", "validate:middle", "validate:last"),
    "load": ("before:load", "load:middle", "load:last"),
    "finish": ("before:finish", "finish:middle", "finish:last", "after:finish"),
}
# Staging, validating and finishing are the same for all; how a source is read and what is loaded is not.
DEATHS_OF_OTHERS = (
    "extract:middle",
    "extract:last",
    "stage:middle",
    "validate:middle",
    "load:middle",
    "load:last",
    "finish:middle",
)
# How often the source was asked is evidence of its own, and who was killed asked more often: what tells such a
# row, by table.
ASKED_MORE_OFTEN = {"dq.request_log": "", "dq.evidence": ",requests_answered,", "dq.score": ',"",connected,'}


@dataclass
class Undisturbed:
    """A second night that nobody killed: what it left, and how many statements each of its steps ran."""

    left: Rows
    statements: dict[str, int]

    def place(self, where: str) -> str:
        """`where`, with the number of the statement that it speaks of."""
        step, _, which = where.partition(":")
        last = self.statements.get(step, 0)
        number = {"middle": (last + 1) // 2, "last": last}.get(which)
        return where if number is None else f"{step}:{number}"


@dataclass
class World:
    """A sandbox, the state after the first night as a template, and the second nights that went well."""

    sandbox: tuple
    known: dict[str, Undisturbed] = field(default_factory=dict)

    def copy(self) -> Province:
        province = new_province(*self.sandbox, template=TEMPLATE)
        shutil.copy(province.settings.home / SEALED_KEYS, province.context.settings.secrets_file)
        write_connections(province.context.settings, province.context.connections.all())
        return province

    def undisturbed(self, dataset: str) -> Undisturbed:
        if dataset not in self.known:
            province = self.copy()
            before = province.star(*tables_of(dataset))
            done = _run(province, dataset, "count")
            assert done.status == 0
            assert province.star(*tables_of(dataset)) != before, "the second night brings nothing"
            self.known[dataset] = Undisturbed(_left(province), done.answer)
        return self.known[dataset]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with a_sandbox(size=1_500, defect_scale=3.0) as running:
        province = new_province(*running)
        for dataset in in_order():
            if dataset in {*MASTERS, DOSSIERS, *OTHERS}:
                province.run(dataset, EPOCH)
        name = str(province.context.engine.url.database)
        province.context.engine.dispose()
        copy_database(province.server, name, TEMPLATE)
        shutil.copy(province.context.settings.secrets_file, province.settings.home / SEALED_KEYS)
        province.set_clock(SECOND)
        yield World(running)


def _run(province: Province, dataset: str, where: str) -> Ended:
    return run_forked(victim_of.run, dataset, SECOND, where, environment=province.environment())


def _left(province: Province) -> Rows:
    """All that a night leaves in the warehouse, but for what tells that it was killed."""
    record, before = whole_record(province.context), whole_history(province.context)
    for name, mark in ASKED_MORE_OFTEN.items():
        record[name] = [row for row in record[name] if mark not in row]
    return whole_star(province.context) | {f"{name} before": before[name] for name in before} | record


def _die_and_run_again(world: World, dataset: str, deaths: Sequence[str]) -> None:
    undisturbed, victim = world.undisturbed(dataset), world.copy()
    for where in map(undisturbed.place, deaths):
        assert _run(victim, dataset, where).status == -9, where
    victim.run(dataset, SECOND)
    assert differences(_left(victim), undisturbed.left) == {}


@pytest.mark.parametrize("step", DEATHS)
def test_killed_at_a_boundary_and_inside_a_step(world: World, step: str) -> None:
    _die_and_run_again(world, DOSSIERS, DEATHS[step])


@pytest.mark.parametrize("dataset", OTHERS)
def test_killed_all_through_the_night_of_another_source(world: World, dataset: str) -> None:
    _die_and_run_again(world, dataset, DEATHS_OF_OTHERS)
