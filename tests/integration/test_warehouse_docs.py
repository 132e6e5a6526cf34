"""The generated documentation is what the warehouse is, and says where each column comes from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from kho.contracts import load_contracts
from kho.settings import get_settings
from kho.warehouse_docs.build import build_pages
from kho.warehouse_docs.lineage import ROWS, Lineage, Place, trace
from kho.warehouse_docs.meanings import Meanings, read_meanings, sources
from kho.warehouse_docs.pages import not_traced
from kho.warehouse_docs.structure import Column, Structure, read_structure

DOCS = get_settings().project_root / "docs"
DICTIONARY = get_settings().contracts_dir.parent / "dictionary.yaml"
# What is written into a mart as a word, and made from nothing.
CONSTANTS = {
    "mart.dossier_period.period_type",
    "mart.dossier_scope.scope_type",
    "mart.indicator_fact_month.measure",
    "mart.service_measure.measure",
}


@pytest.fixture(scope="module")
def db(empty_warehouse: tuple) -> Iterator[sa.Connection]:
    with empty_warehouse[2].connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def structure(db: sa.Connection) -> Structure:
    return read_structure(db)


@pytest.fixture(scope="module")
def lineage(structure: Structure) -> Lineage:
    return trace(structure, load_contracts())


def meanings(structure: Structure, lineage: Lineage) -> Meanings:
    return read_meanings(structure, lineage, load_contracts(), DICTIONARY)


def test_the_pages_are_what_the_warehouse_is(
    db: sa.Connection, lineage: Lineage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The slow part is done once for all tests.
    monkeypatch.setattr("kho.warehouse_docs.build.trace", lambda *_: lineage)
    pages = build_pages(db)
    assert set(pages) == {"data-dictionary.md", "lineage.md", "lineage.json", "erd.svg"}
    stale = [name for name, text in pages.items() if (DOCS / name).read_text(encoding="utf-8") != text]
    assert not stale, f"{stale} are stale: run .venv/bin/kho docs warehouse, and commit the pages"


def test_a_column_without_a_text_and_a_text_without_a_column_are_found(
    structure: Structure, lineage: Lineage
) -> None:
    first = structure.relations[0]
    new = Column("nobody_knows", "text", False, False, None, False)
    grown = replace(
        structure, relations=(replace(first, columns=(*first.columns, new)), *structure.relations[1:])
    )
    assert meanings(grown, lineage).problems == [
        f"{first.name}.nobody_knows: the Vietnamese text is missing",
        f"{first.name}.nobody_knows: the English text is missing",
    ]
    shrunk = replace(structure, relations=structure.relations[1:])
    assert f"{first.name}: there is no such table" in meanings(shrunk, lineage).problems


def test_no_english_text_is_written_twice(structure: Structure, lineage: Lineage) -> None:
    name = next(one.name for one in structure.relations if one.name == "dw.dim_date")
    commented = tuple(
        replace(one, comment="One row per day.") if one.name == name else one for one in structure.relations
    )
    found = meanings(replace(structure, relations=commented), lineage).problems
    assert found == ["dw.dim_date: COMMENT ON says it in English already"]


def test_views_are_read_as_postgresql_reads_them(
    db: sa.Connection, structure: Structure, lineage: Lineage
) -> None:
    depends = defaultdict(set)
    query = """
    SELECT v.oid::regclass::text, c.oid::regclass::text, a.attname
    FROM pg_rewrite AS r
    JOIN pg_class AS v ON r.ev_class = v.oid
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    JOIN pg_class AS c ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE d.refobjsubid > 0
    """
    for view, relation, column in db.execute(sa.text(query)):
        depends[view].add(Place(relation, column))
    functions = {one.name for one in structure.functions}
    views = [one for one in structure.relations if one.definition]
    assert len(views) > 40
    for view in views:
        found = {
            origin
            for column in view.columns
            for origin in lineage.of(Place(view.name, column.name))
            if origin.column != ROWS
            and origin.relation not in functions
            # PostgreSQL notes no dependence on its own catalogue.
            and not origin.relation.startswith("pg_")
        }
        assert found <= depends[view.name], view.name


def test_every_column_of_a_mart_is_traced(structure: Structure, lineage: Lineage) -> None:
    assert {str(place) for place in not_traced(meanings(structure, lineage))} == CONSTANTS


@pytest.mark.parametrize(
    ("relation", "column", "expected"),
    [
        # A flag, counted, and published.
        ("open_data.health_by_commune", "insured", {"health_records.insurance_number"}),
        # Through a temporary view, a comparison with the star and an UPDATE.
        (
            "mart.dossier_day",
            "finished_on_time",
            {
                f"public_service_dossiers.{name}"
                for name in (
                    "finished_at",
                    "due_at",
                    "supplement_count",
                    "supplement_asked_at",
                    "supplement_received_at",
                )
            },
        ),
        # Through a temporary table and a function.
        (
            "dw.dim_enterprise",
            "enterprise_ref",
            {"enterprises.enterprise_code", "enterprises.entity_type_code"},
        ),
        # Through a list of rows in the query.
        (
            "mart.indicator_progress",
            "reported_value",
            {f"indicator_reports.{name}" for name in ("indicator_value", "numerator", "denominator")},
        ),
    ],
)
def test_a_value_is_followed_to_its_source(
    lineage: Lineage, relation: str, column: str, expected: set[str]
) -> None:
    found = {
        str(one).removeprefix("stg.") for one in sources(lineage, Place(relation, column), looked_up=False)
    }
    dataset = next(iter(expected)).split(".")[0]
    assert {one for one in found if one.startswith(f"{dataset}.")} == expected


def test_a_key_is_followed_to_the_code_that_it_was_looked_up_by(lineage: Lineage) -> None:
    found = sources(lineage, Place("mart.health_state", "commune_code"))
    assert Place("stg.health_records", "commune_code") in found


def test_names_and_identifiers_of_persons_reach_no_column(structure: Structure, lineage: Lineage) -> None:
    reached = {
        source
        for relation in structure.relations
        for column in relation.columns
        for source in sources(lineage, Place(relation.name, column.name))
    }
    for dataset, column in (
        ("health_records", "citizen_id"),
        ("health_records", "full_name"),
        ("land_parcels", "holder_name"),
        ("land_parcels", "holder_citizen_id"),
        ("public_service_dossiers", "applicant_name"),
        ("public_service_dossiers", "citizen_id"),
        ("enterprises", "representative_name"),
    ):
        assert Place(f"stg.{dataset}", column) not in reached


def test_the_diagram_has_every_table_of_the_star_once(structure: Structure) -> None:
    drawing = ElementTree.fromstring((DOCS / "erd.svg").read_text(encoding="utf-8"))
    heads = [one.text for one in drawing.iter("{http://www.w3.org/2000/svg}text") if one.get("class") == "h"]
    tables = [
        one.name.removeprefix("dw.")
        for one in structure.relations
        if one.schema == "dw" and one.kind == "table" and re.match(r"dw\.(fact|dim|bridge)_", one.name)
    ]
    assert sorted(heads) == sorted(tables)
