"""The same fact told twice: what two sources say of a unit that is renamed, and of one of which the other has nothing.

The facts are written by hand; comparing goes through the queries of `sql/agreement/`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from kho.pipeline import Context
from kho.sql_files import run_file

from .gates import small_context  # noqa: F401

# H1 is renamed on 16 October, and its commune on the 10th; H2 claims dossiers of which none is counted, H3 claims none; H4 sends
# nothing and has dossiers. November's dossiers were asked for until the 20th only.
STAR = """
INSERT INTO dw.dim_agency (agency_code, valid_from, valid_to, name_vi) VALUES
    ('H1', '2025-07-01', '2026-10-15', 'Một'), ('H1', '2026-10-16', NULL, 'Một mới'),
    ('H2', '2025-07-01', NULL, 'Hai'), ('H3', '2025-07-01', NULL, 'Ba'), ('H4', '2025-07-01', NULL, 'Bốn');
INSERT INTO dw.dim_administrative_unit (unit_code, valid_from, valid_to, unit_level, name_vi) VALUES
    ('U1', '2025-07-01', '2026-10-09', 'commune', 'Một'), ('U1', '2026-10-10', NULL, 'commune', 'Một mới'),
    ('U2', '2025-07-01', NULL, 'commune', 'Hai'), ('U3', '2025-07-01', NULL, 'commune', 'Ba'),
    ('U4', '2025-07-01', NULL, 'commune', 'Bốn');
INSERT INTO dw.dim_commune_form_line (line_code, name_vi) VALUES ('HC01', 'Hồ sơ'), ('DS01', 'Dân số');
INSERT INTO dw.dim_indicator (indicator_code, name_vi) VALUES ('KH1534-07.1', 'Trực tuyến');
INSERT INTO meta.batch (
    batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, raw_path, window_from, window_to
) VALUES (
    'b', 'public_service_dossiers', '2026-11-20', 'loaded', 'x', '1', 0, 'x', '2026-09-10', '2026-11-20'
);
SELECT dw.make_month('dw.fact_dossier', '2026-10-01');
"""
SAID = (("H1", "U1", 6, 50), ("H2", "U2", 9, 90), ("H3", "U3", 0, 0))


@pytest.fixture
def star(context: Context) -> Context:
    with context.engine.begin() as db:
        db.exec_driver_sql(STAR)
        for agency, unit, dossiers, share in SAID:
            for period, end in (
                ("2026-M09", "2026-09-30"),
                ("2026-M10", "2026-10-31"),
                ("2026-M11", "2026-11-30"),
            ):
                at = {"a": agency, "u": unit, "p": period, "end": date.fromisoformat(end)}
                of = (
                    "FROM dw.dim_agency AS a, dw.dim_administrative_unit AS u, {dim} AS m WHERE a.agency_code = :a "
                    "AND u.unit_code = :u AND m.{code} = :code "
                    "AND :end BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity') "
                    "AND :end BETWEEN u.valid_from AND coalesce(u.valid_to, 'infinity')"
                )
                form = of.format(dim="dw.dim_commune_form_line", code="line_code")
                for line, value in (("HC01", dossiers), ("DS01", 1000)):
                    db.execute(
                        sa.text(
                            "INSERT INTO dw.fact_commune_form_value (unit_key, period_code, line_key, form_version, "
                            "submitted_at, agency_key, period_end_date_key, month_value, source_file, is_current, "
                            "batch_key) SELECT u.unit_key, :p, m.line_key, 1, '2026-12-01', a.agency_key, -1, :v, "
                            f"'x', TRUE, -1 {form}"
                        ),
                        {**at, "v": value, "code": line},
                    )
                db.execute(
                    sa.text(
                        "INSERT INTO dw.fact_indicator_value SELECT a.agency_key, m.indicator_key, u.unit_key, :p, 0, "
                        "-1, :v, NULL, NULL, 'percent', '2026-12-01', TRUE, -1 "
                        + of.format(dim="dw.dim_indicator", code="indicator_code")
                    ),
                    {**at, "v": share, "code": "KH1534-07.1"},
                )
        _dossiers(db)
    return context


def _dossiers(db: sa.Connection) -> None:
    """October's: two of H1 under its old name, one of them online, four under the new one; two of H4."""
    for agency, name, day, channels in (
        ("H1", "Một", "2026-10-05", "12"),
        ("H1", "Một mới", "2026-10-20", "1122"),
        ("H4", "Bốn", "2026-10-20", "11"),
    ):
        for number, channel in enumerate(channels):
            db.execute(
                sa.text(
                    "INSERT INTO dw.fact_dossier (dossier_code, agency_key, procedure_key, unit_key, "
                    "received_date_key, due_date_key, finished_date_key, returned_date_key, batch_key, received_at, "
                    "source_updated_at, status_code, channel_code) SELECT :code, a.agency_key, -1, -1, "
                    "dw.date_key(cast(:day AS date), -1), -1, -1, -1, -1, cast(:day AS date), cast(:day AS date), '1', "
                    ":channel FROM dw.dim_agency AS a WHERE a.agency_code = :a AND a.name_vi = :n"
                ),
                {"code": f"{name}-{day}-{number}", "day": day, "channel": channel, "a": agency, "n": name},
            )


def _told(context: Context, pair: str) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    with context.engine.connect() as db:
        rows = run_file(db, f"agreement/{pair}.sql").all()
    return {(row.agency_code, row.period_code): (row.said, row.other) for row in rows}


def test_an_agency_that_is_renamed_in_mid_month_is_compared_whole(star: Context) -> None:
    """September is not known from its first day, November not to its last."""
    assert _told(star, "form_dossiers_equal_counted") == {
        ("H1", "2026-M10"): (6, 6),
        ("H2", "2026-M10"): (9, 0),
        ("H3", "2026-M10"): (0, 0),
    }
    assert _told(star, "online_share_equals_dossiers") == {
        ("H1", "2026-M10"): (50, 50),
        ("H2", "2026-M10"): (90, 0),
        ("H3", "2026-M10"): (0, 0),
    }


def test_a_commune_that_is_renamed_in_mid_month_is_compared_with_its_statistics(star: Context) -> None:
    with star.engine.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO dw.fact_population (unit_key, period_code, month_start_date_key, household_count, "
            "population_count, female_count, source_updated_at, batch_key) SELECT unit_key, '2026-M10', -1, 250, 900, "
            "450, '2026-11-03', -1 FROM dw.dim_administrative_unit WHERE unit_code = 'U1' AND valid_to IS NOT NULL"
        )
    assert _told(star, "form_population_equals_statistics") == {("H1", "2026-M10"): (1000, 900)}
