"""What every dataset must stand, whoever wrote its contract: each test runs on each contract by itself.

Authentication, totals, resumption, repetition, drift, emptiness, the edges of the day, strange text. The
sources are real: the sandbox's services behind a gateway that spoils what passes, tables in PostgreSQL, the files that
ship with the project.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from starlette.responses import Response

from kho import pipeline
from kho.contracts import Column, Contract, RestSource, SqlSource, dataset_names, load_contract
from kho.errors import AuthenticationFailed, KhoError, SchemaDrifted, SourceUnavailable
from kho.extract.drift import Drift, needed

from .conformance_kit import (
    CONTRACTS,
    LAST_SECOND,
    MIDNIGHT,
    REST,
    STRANGE,
    TABLES,
    WINDOWED,
    Case,
    free_text,
    with_password,
    without,
)
from .night import EPOCH, Province, a_sandbox, in_order, new_province
from .spoiling import Gateway

LONG_AGO = date(2019, 3, 4)

pytestmark = pytest.mark.usefixtures("small_pages")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple]:
    with a_sandbox(size=1_200) as running:
        yield running


@pytest.fixture(scope="module")
def master_data(sandbox: tuple, gateway: Gateway) -> Province:
    """A province that knows its master data."""
    province = new_province(sandbox[0], sandbox[1], replace(sandbox[2], lgsp_url=gateway.url))
    catalogues = {name for contract in CONTRACTS.values() for name in contract.depends_on}
    for dataset in in_order():
        if dataset in catalogues:
            province.run(dataset, EPOCH)
    return province


@pytest.fixture
def case(master_data: Province, gateway: Gateway) -> Iterator[Callable[[str], Case]]:
    """Makes the case of a dataset; the gateway behaves again afterwards."""
    gateway.spoiler = None
    made: list[Case] = []

    def make(dataset: str) -> Case:
        made.append(Case(CONTRACTS[dataset], master_data.copy(), gateway))
        return made[-1]

    yield make
    gateway.spoiler = None
    for each in made:  # a server has only so many connections
        each.province.context.engine.dispose()


def test_every_kind_of_source_is_here() -> None:
    assert set(CONTRACTS) <= set(dataset_names())
    assert REST
    assert TABLES


@pytest.mark.parametrize("dataset", sorted(CONTRACTS))
def test_the_source_is_as_its_contract_says(dataset: str, case: Callable[[str], Case]) -> None:
    result = case(dataset).extract()
    assert result.message == "" or "columns changed" not in result.message


@pytest.mark.parametrize("dataset", sorted(CONTRACTS))
def test_a_night_that_runs_again_changes_nothing(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    assert here.province.run(dataset, EPOCH)[-1].outcome in ("loaded", "unchanged")
    before = here.province.everything_in_dw()
    again = here.province.run(dataset, EPOCH)
    assert again[-1].outcome == "unchanged"
    assert here.province.everything_in_dw() == before


# Authentication


@pytest.mark.parametrize("dataset", REST)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_service_says_so_and_leaves_nothing(
    dataset: str, status: int, case: Callable[[str], Case]
) -> None:
    here = case(dataset)
    before = here.batches()
    here.answer(lambda _number, _response: Response("{}", status))
    with pytest.raises(AuthenticationFailed) as raised:
        here.extract()
    assert raised.value.fault == "authentication"
    secret = here.province.sandbox.consumer_secret
    assert secret not in str(raised.value)
    assert here.published() == []
    assert here.batches() == before


@pytest.mark.parametrize("dataset", TABLES)
def test_a_refused_database_says_so_and_leaves_nothing(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    wrong = with_password(here.province, here.contract.source.connection, "not-the-password")  # type: ignore[union-attr]
    with pytest.raises(AuthenticationFailed) as raised:
        pipeline.extract(dataset, EPOCH, wrong.context)
    assert raised.value.fault == "authentication"
    assert "not-the-password" not in str(raised.value)
    assert here.published() == []


# Totals


@pytest.mark.parametrize("dataset", REST)
def test_what_is_fetched_is_what_was_declared(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    result = here.extract()
    manifest = here.manifest(result.batch_id)
    assert manifest.fetched > 0
    assert manifest.declared in (None, manifest.fetched)
    assert here.landed(result.batch_id).num_rows == manifest.fetched


@pytest.mark.parametrize("dataset", [name for name in REST if CONTRACTS[name].source.envelope.total])  # type: ignore[union-attr]
def test_a_page_that_lost_a_record_is_noticed(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    clean = here.records(here.extract().batch_id)
    here = case(dataset)
    lost: list[bool] = []

    def lose_one(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if lost or not records:
            return records
        lost.append(True)
        return records[:-1]

    here.spoil(lose_one)
    # Asked for again, or by where the last page really ended: nothing is lost and nothing comes twice.
    assert here.records(here.extract().batch_id) == clean
    here = case(dataset)
    here.spoil(lambda records: records[:-1])
    with pytest.raises(SourceUnavailable, match="declares"):
        here.extract()
    assert here.published() == []


@pytest.mark.parametrize("dataset", TABLES)
def test_a_table_is_landed_whole(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    manifest = here.manifest(here.extract().batch_id)
    assert manifest.declared == manifest.fetched > 0


# Resumption


@pytest.mark.parametrize("dataset", REST)
def test_an_interrupted_extraction_goes_on_and_ends_the_same(
    dataset: str, case: Callable[[str], Case]
) -> None:
    here = case(dataset)
    path = here.contract.source.path  # type: ignore[union-attr]
    before = here.gateway.requests[path]
    clean = here.extract()
    needs = here.gateway.requests[path] - before
    here = case(dataset)
    half = needs // 2
    here.answer(lambda number, response: response if number <= half else Response("{}", 503))
    with pytest.raises(SourceUnavailable):
        here.extract()
    assert here.published() == []
    here.gateway.spoiler = None
    before = here.gateway.requests[path]
    assert here.extract().batch_id == clean.batch_id
    # At most the page where it broke off is asked for twice.
    assert here.gateway.requests[path] - before <= needs - half + 1


@pytest.mark.parametrize("dataset", TABLES)
def test_a_table_that_was_closed_to_us_is_read_the_same_later(
    dataset: str, case: Callable[[str], Case]
) -> None:
    here = case(dataset)
    clean = here.extract().batch_id
    here = case(dataset)
    with here.table.moved_away(), pytest.raises(KhoError):
        here.extract()
    assert here.published() == []
    assert here.extract().batch_id == clean


# Drift


@pytest.mark.parametrize("dataset", REST)
def test_a_new_field_is_written_down(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)

    def add(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**record, "truongMoi": None} if not number else record for number, record in enumerate(records)
        ]

    here.spoil(add)
    result = here.extract()
    assert "truongMoi" in result.message
    assert Drift.from_json(here.manifest(result.batch_id).drift).added == ("truongMoi",)
    assert here.province.rows("SELECT kind, column_name FROM meta.schema_change") == [("added", "truongMoi")]


@pytest.mark.parametrize("dataset", REST)
def test_a_needed_field_that_is_gone_stops(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    gone = next(iter(needed(here.contract)))
    here.spoil(lambda records: [without(record, gone) for record in records])
    with pytest.raises(SchemaDrifted, match=gone) as raised:
        here.extract()
    assert raised.value.fault == "contract_breach"
    assert here.published() == []
    assert here.province.scalar("SELECT count(*) FROM meta.schema_change WHERE stops") >= 1
    # The same night again, once the source is mended.
    here.gateway.spoiler = None
    assert here.extract().counts["fetched"] > 0


@pytest.mark.parametrize("dataset", REST)
def test_a_field_of_another_kind_is_written_down(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    column = here.column("string", "date", "timestamp", "number", "integer")

    def as_list(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**record, column.source_name: [record.get(column.source_name)]} for record in records]

    here.spoil(as_list)
    result = here.extract()
    assert column.source_name in Drift.from_json(here.manifest(result.batch_id).drift).retyped


def _unneeded(contract: Contract) -> Column | None:
    """A column that its rows can do without, and that no other column is read from."""
    kept = needed(contract)
    return next((column for column in contract.columns if column.source_name not in kept), None)


def _by_policy(here: Case, night: date, change: str) -> Drift:
    """What the night sees of a change that no row needs: it stops where the contract freezes its columns."""
    if here.contract.drift == "freeze":
        with pytest.raises(SchemaDrifted, match=change):
            here.extract(night)
        return Drift(here.dataset, "freeze")
    result = here.extract(night)
    assert change in result.message
    return Drift.from_json(here.manifest(result.batch_id).drift)


def _noted(here: Case, name: str) -> set[str]:
    query = "SELECT kind FROM meta.schema_change WHERE dataset = :d AND column_name = :c"
    return {kind for (kind,) in here.province.rows(query, d=here.dataset, c=name)}


@pytest.mark.parametrize("dataset", TABLES)
def test_a_table_that_changes_is_noticed(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    nights = (EPOCH + timedelta(days=number) for number in itertools.count())
    with here.table.altered(here.table.add("cot_moi")):
        drift = _by_policy(here, next(nights), "cot_moi")
        assert drift.added == ("cot_moi",)
    assert _noted(here, "cot_moi") == {"added"}
    key = here.contract.key[0].source_name
    for change in (here.table.rename(key, "khoa_khac"), here.table.drop(key)):
        with here.table.altered(change), pytest.raises(SchemaDrifted, match=key) as raised:
            here.extract(next(nights))
        assert raised.value.fault == "contract_breach"
    assert _noted(here, key) >= {"missing"}
    other = here.column("number", "integer").source_name
    with here.table.altered(here.table.retype(other)):
        assert other in _by_policy(here, next(nights), other).retyped
    assert _noted(here, other) == {"retyped"}


@pytest.mark.parametrize("dataset", [name for name in TABLES if _unneeded(CONTRACTS[name])])
def test_a_column_that_no_row_needs_may_go(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    column = _unneeded(here.contract)
    assert column is not None
    with here.table.altered(here.table.rename(column.source_name, column.source_name + "_moi")):
        assert column.source_name in _by_policy(here, EPOCH, column.source_name).missing
    with here.table.altered(here.table.drop(column.source_name)):
        assert column.source_name in _by_policy(here, EPOCH + timedelta(days=1), column.source_name).missing
        if here.contract.drift != "freeze":
            assert set(here.staged(column.name)) == {None}
    assert {"missing", "renamed"} & _noted(here, column.source_name)


# Emptiness


@pytest.mark.parametrize("dataset", WINDOWED)
def test_a_night_without_records_is_a_good_night(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    results = here.province.run(dataset, LONG_AGO)
    assert results[-1].outcome == "loaded"
    manifest = here.manifest(results[0].batch_id)
    assert manifest.fetched == 0
    assert manifest.drift is None


@pytest.mark.parametrize("dataset", [n for n in TABLES if CONTRACTS[n].source.watermark])
def test_a_table_without_news_is_a_good_night(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    with here.table.altered(f"DELETE FROM {here.table.name}"):
        results = here.province.run(dataset, EPOCH)
    assert results[-1].outcome == "loaded"
    assert here.manifest(results[0].batch_id).fetched == 0


# The edges of the day


@pytest.mark.parametrize("dataset", WINDOWED)
def test_windows_cover_each_day_once_and_end_before_the_night(
    dataset: str, case: Callable[[str], Case]
) -> None:
    here = case(dataset)
    source = here.contract.source
    assert isinstance(source, RestSource)
    window = source.window
    assert window is not None
    here.gateway.queries.clear()
    here.extract()
    asked = sorted(
        {
            (_day(query[window.from_param], window.format), _day(query[window.to_param], window.format))
            for path, query in here.gateway.queries
            if path == source.path and window.to_param
        }
    )
    assert asked[-1][1] == EPOCH - timedelta(days=1)
    assert all(later[0] == earlier[1] + timedelta(days=1) for earlier, later in itertools.pairwise(asked))


def _day(text: str, form: str) -> date:
    return datetime.strptime(text, form).date()


@pytest.mark.parametrize("dataset", WINDOWED)
def test_the_first_and_last_second_of_a_day_stay_what_they_are(
    dataset: str, case: Callable[[str], Case]
) -> None:
    here = case(dataset)
    assert here.contract.source.watermark is not None
    column = here.contract.column(here.contract.source.watermark.column)

    def at_the_edges(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        edges = [LAST_SECOND, MIDNIGHT]
        return [
            {**record, column.source_name: here.written(column, edges[number])} if number < 2 else record
            for number, record in enumerate(records)
        ]

    here.spoil(at_the_edges)
    found = here.staged(column.name)
    shown = [here.written(column, moment) for moment in found if isinstance(moment, datetime)]
    # Written back as the source writes them, with the precision that it has.
    assert {here.written(column, LAST_SECOND), here.written(column, MIDNIGHT)} <= set(shown)


@pytest.mark.parametrize("dataset", [n for n in TABLES if CONTRACTS[n].source.watermark])
def test_a_row_of_midnight_belongs_to_the_next_night(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    source = here.contract.source
    assert isinstance(source, SqlSource)
    assert source.watermark is not None
    column = here.contract.column(source.watermark.column)
    tonight = datetime.combine(EPOCH, datetime.min.time())
    with here.table.altered(
        here.table.set_in_row(0, column.source_name, str(LAST_SECOND)),
        here.table.set_in_row(1, column.source_name, str(tonight)),
    ):
        found = here.staged(column.name)
    assert LAST_SECOND in found
    assert tonight not in found


# Strange text


@pytest.mark.parametrize("dataset", [name for name in [*REST, *TABLES] if free_text(CONTRACTS[name])])
def test_strange_text_arrives_clean_and_stops_nothing(dataset: str, case: Callable[[str], Case]) -> None:
    here = case(dataset)
    column = free_text(here.contract)
    assert column is not None
    if isinstance(here.contract.source, SqlSource):
        text = STRANGE.replace("\0", "").replace("'", "''")
        with here.table.altered(
            here.table.widen(column.source_name), here.table.set_in_row(0, column.source_name, text)
        ):
            found = here.staged(column.name)
            outcome = here.province.run(dataset, EPOCH)[-1].outcome
    else:
        here.spoil(
            lambda records: [
                {**record, column.source_name: STRANGE} if not number else record
                for number, record in enumerate(records)
            ]
        )
        found = here.staged(column.name)
        outcome = here.province.run(dataset, EPOCH)[-1].outcome
    strange = [text for text in found if text and "😀" in text]
    assert strange
    assert all("\0" not in text and "Đăk KRoong Hlôih" in text for text in strange)
    if column.text_hygiene == "clean":
        assert all(text.startswith("Nguyễn Văn A 😀") for text in strange)
    assert outcome == "loaded"


def test_the_suite_runs_on_contracts_as_they_are_loaded() -> None:
    for dataset in CONTRACTS:
        assert load_contract(dataset) == CONTRACTS[dataset]
