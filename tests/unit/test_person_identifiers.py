"""What counts as an identifier of a person in a text, and what does not."""

from __future__ import annotations

import io

import pytest

from kho.contracts import load_contracts
from kho.errors import ConfigurationError
from kho.privacy.keys import Keys
from kho.privacy.subjects import Finder, read_identifiers, tokens
from kho.rules.suite import load_dataset_suite
from kho.sql_files import files_in

KEYS = Keys((f"hmac.{'a' * 40}", f"hmac.{'b' * 40}"))
PERSON = "051085001234"


@pytest.fixture
def finder() -> Finder:
    make = KEYS.maker()
    return Finder(frozenset({make(PERSON), make("GD4510850012345")}), frozenset({make("health|SK1")}), make)


@pytest.mark.parametrize(
    "text",
    [
        "051085001234",
        "CCCD 051085001234, cấp ngày 01/02/2021",
        "051 085 001 234",
        "051.085.001.234",
        "051-085-001-234",
        "09 051085001234",
        "051085001234-001",
        '{"SoDinhDanh":"051085001234"}',
        "51085001234",
        "thẻ gd4510850012345",
    ],
)
def test_a_person_is_found_however_the_identifier_is_written(finder: Finder, text: str) -> None:
    assert finder.mentions(text)


@pytest.mark.parametrize(
    "text",
    ["", "0510850012345", "1051085001234", "051085001235", "000.00.53.H48-220921-0099", "Nguyễn Văn An"],
)
def test_another_number_is_nobody(finder: Finder, text: str) -> None:
    assert not finder.mentions(text)


def test_a_record_is_known_by_dataset_and_key(finder: Finder) -> None:
    assert finder.is_record("health", "SK1")
    assert not finder.is_record("land", "SK1")
    make = KEYS.maker()
    assert not Finder(frozenset(), frozenset({make("health|")}), make).is_record("health", "")


def test_every_record_about_a_person_has_a_way_out_of_the_star() -> None:
    about = {
        contract.dataset
        for contract in load_contracts()
        if any(column.person_identifier == "record" for column in contract.person_identifiers)
    }
    assert about == {"enterprises", "health_records"}
    assert all(files_in(f"privacy/erase/{dataset}") for dataset in about)


def test_every_column_that_is_a_citizen_id_names_a_person() -> None:
    # What a rule calls a citizen id and a contract forgets would never be erased.
    for contract in load_contracts():
        suite = load_dataset_suite(contract)
        judged = {
            rule.kwargs.get("column")
            for rule in suite.rules
            if rule.type == "expect_column_values_to_be_citizen_id"
        }
        assert judged <= {column.name for column in contract.person_identifiers}, contract.dataset


def test_the_same_pseudonym_as_one_at_a_time() -> None:
    assert KEYS.maker()(PERSON) == KEYS.pseudonym(PERSON)


def test_identifiers_are_read_one_a_line() -> None:
    lines = io.StringIO(" 051 085 001 234\n\ngd4510850012345\n051085001234\n")
    assert read_identifiers(lines) == (PERSON, "GD4510850012345")
    assert list(tokens(PERSON)) == [PERSON]
    with pytest.raises(ConfigurationError, match="nobody is named"):
        read_identifiers(io.StringIO("\n"))
