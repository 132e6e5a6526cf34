"""Identifiers, as Python, PostgreSQL and an independent reading of the rule see them: all the same.

Texts are real identifiers and near misses: a character changed, lost, doubled, moved, in another script.
PostgreSQL judges all of them in one query.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from kho.rules import identifiers
from kho.rules.gx import load_gx
from tests.unit import identifier_oracles as oracles

load_gx()  # what follows declares expectations, so it must come after

from kho.rules.expectations import (  # noqa: E402
    agency_code,
    citizen_id,
    dossier_code,
    numbers,
    tax_code,
    written_forms,
)
from kho.rules.expectations.columns import Sql  # noqa: E402

DAY_FORMATS, NUMBER_FORMAT = ["%d/%m/%Y"], "1.234,56"


@dataclass(frozen=True)
class Identifier:
    """One kind: texts to begin with, and the three readings."""

    seeds: st.SearchStrategy[str]
    python: Callable[[str], bool]
    sql: Callable[[Sql], Sql]
    oracle: Callable[[str], bool | None]


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


PROVINCES = st.sampled_from([*sorted(identifiers.BIRTH_PROVINCES), "000", "003", "097", "999"])
CITIZENS = joined(PROVINCES, digits(9))
TAXES = st.sampled_from(["0100109106", "4300205943", "0300588569", "0000000000", "0100000000"]) | digits(10)
OLD_AGENCIES = joined(digits(3), st.just("."), digits(2), st.just("."), digits(2), st.just(".H"), digits(2))
NEW_AGENCIES = joined(
    st.just("H"), digits(2), st.lists(joined(st.just("."), digits(2) | digits(3)), max_size=4).map("".join)
)
AGENCIES = OLD_AGENCIES | NEW_AGENCIES
SHORT_DAYS = st.dates().map(lambda day: f"{day:%y%m%d}") | digits(6)
IDENTIFIERS = {
    "citizen id": Identifier(
        CITIZENS, identifiers.is_citizen_id, citizen_id.citizen_id_sql, oracles.citizen_id
    ),
    "tax code": Identifier(
        TAXES | joined(TAXES, st.just("-"), digits(3)) | CITIZENS,
        identifiers.is_tax_code,
        tax_code.tax_code_sql,
        oracles.tax_code,
    ),
    "agency code": Identifier(
        AGENCIES, identifiers.is_agency_code, agency_code.agency_code_sql, oracles.agency_code
    ),
    "dossier code": Identifier(
        joined(AGENCIES, st.just("-"), SHORT_DAYS, st.just("-"), st.text("019azAZ", min_size=4, max_size=7)),
        identifiers.is_dossier_code,
        dossier_code.dossier_code_sql,
        oracles.dossier_code,
    ),
    "procedure code": Identifier(
        joined(digits(1), st.just("."), digits(6), st.sampled_from(["", ".000.00.00.H48", ".000.00.01.H48"])),
        identifiers.is_procedure_code,
        numbers.procedure_code_sql,
        oracles.procedure_code,
    ),
    "health insurance number": Identifier(
        joined(st.text("DNHSXKdnhs", min_size=2, max_size=2), digits(13)) | digits(10) | CITIZENS,
        identifiers.is_health_insurance_number,
        numbers.health_insurance_number_sql,
        oracles.health_insurance_number,
    ),
    "social insurance number": Identifier(
        digits(10),
        identifiers.is_social_insurance_number,
        numbers.social_insurance_number_sql,
        oracles.social_insurance_number,
    ),
    "phone number": Identifier(
        joined(
            st.sampled_from(["0", "+84", "84"]),
            st.sampled_from(["905", "912", "38", "255", "260", "24", "1"]),
            digits(6) | digits(7),
        ),
        identifiers.is_phone_number,
        numbers.phone_number_sql,
        oracles.phone_number,
    ),
    "date text": Identifier(
        st.dates().map(lambda day: f"{day.day:02d}/{day.month:02d}/{day.year:04d}")
        | joined(digits(2), st.just("/"), digits(2), st.just("/"), digits(4)),
        lambda text: written_forms.is_date_text(text, DAY_FORMATS),
        lambda text: written_forms.date_text_sql(text, DAY_FORMATS),
        oracles.date_text,
    ),
    "number text": Identifier(
        st.text("0123456789.,-+", max_size=12),
        lambda text: written_forms.is_number_text(text, NUMBER_FORMAT),
        lambda text: written_forms.number_text_sql(text, NUMBER_FORMAT),
        oracles.number_text,
    ),
}
# Digits of other scripts, blanks that look like none, signs that parsers take for part of a number.
STRANGE = "٠١٢０１９²Ⅷ \t\n\u00a0\u200b_-+.eExXaZÀ'\"\\%"


@st.composite
def near_misses(draw: st.DrawFn, seeds: st.SearchStrategy[str]) -> str:
    """A text of the kind, left alone (half of them: there must be good ones too) or spoiled in one or two places."""
    text = draw(seeds)
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        place = draw(st.integers(0, len(text)))
        width = draw(st.integers(0, 1))
        new = draw(st.sampled_from(["", *STRANGE]) | st.sampled_from(text or "0"))
        text = text[:place] + new + text[place + width :]
    return text


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_all_readings_agree(kind: str, pg_engine: sa.Engine) -> None:
    identifier = IDENTIFIERS[kind]
    seen: dict[str, bool] = {}

    @settings(max_examples=400, deadline=None)
    @given(near_misses(identifier.seeds))
    def check(text: str) -> None:
        seen[text] = identifier.python(text)
        expected = identifier.oracle(text)
        assert expected is None or seen[text] == expected

    check()
    assert min(sum(seen.values()), len(seen) - sum(seen.values())) > 10, "all good or all bad"
    value: Sql = sa.column("value")
    texts = sa.func.unnest(sa.bindparam("texts", list(seen), type_=sa.ARRAY(sa.Text)))
    query = sa.select(value, identifier.sql(value)).select_from(texts.table_valued("value").render_derived())
    with pg_engine.connect() as db:
        on_sql = dict(map(tuple, db.execute(query)))
    assert on_sql == seen


@given(CITIZENS)
def test_what_is_written_in_a_citizen_id(text: str) -> None:
    """The fourth digit: men of the twentieth century 0, women 1, then 2 and 3, …"""
    table = {(century, sex): str(2 * n + sex) for n, century in enumerate(range(19, 24)) for sex in (0, 1)}
    century, is_female = next(key for key, digit in table.items() if digit == text[3])
    assert identifiers.citizen_birth_year(text) == int(f"{century}{text[4:6]}")
    assert identifiers.citizen_is_female(text) == bool(is_female)
