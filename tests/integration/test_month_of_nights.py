"""A month of nights, from 3 February to 4 March 2026, against a table that was worked out by hand.

Four communes, two datasets that they report every month, and what a month brings: a late one, a silent one, an outage of two
nights, a report that has to be mended, a rule that changes, new weights, and Tết (off from 16 to 20 February).
Every night goes through the ordinary steps; only the sources' answers are written here instead of being fetched.

A night brings the records of one commune, or of none. What was found of a commune's last records stands until it
sends others: C1 is heard once, on night 3, and its score speaks of night 3 all month long.

**January's indicator reports** are due on Tuesday 3 February; two working days of grace: in time until Thursday the 5th.

| commune | sends | value | what becomes of it |
|---|---|---|---|
| C1 | 2 Feb | 80,50 of 161/200 | night 3 reads it: in time |
| C2 | 5 Feb, the last day | 70,00 of 60/100 | nights 6 and 7 get no answer, night 8 reads it: in time; but 60/100 is 60 |
| C3 | 9 Feb | 55,00 of 110/200 | night 10 reads it: four days late |
| C4 | 4 Feb | 104,00: above 100 | night 5 quarantines it: sent, nothing usable |
| C3 | 10 Feb, revision 1 | 120,00 of 240/200 | night 11 quarantines it; nobody ever mends it |
| nobody | | | night 12 brings a batch without a record: it says nothing of anybody |
| C4 | 12 Feb, mended | 84,00 of 168/200 | night 13 reads it, its case closes; usable seven days late |
| C2 | 18 Feb, revision 1 | 101,50 of 203/200 | night 19 quarantines it |
| C2 | the same again | | on the 20th the rule becomes "at most 105"; night 21 reads it again: passes, its case closes |

**January's digital signatures** are due on the 16th, the eve of Tết: so on Monday 23 February, in time until Wednesday the 25th.

| commune | sends | |
|---|---|---|
| C1 | 10 Feb | in time |
| C2 | 24 Feb | in time; late, if Tết did not count |
| C4 | 25 Feb, all zeros | in time: a zero is a report |
| C3 | nothing | not reported, from night 26 on |
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from kho import ledger, pipeline
from kho.contracts import load_contract
from kho.errors import AuthenticationFailed, GateClosed, SchemaDrifted, SourceUnavailable
from kho.pipeline import Context
from kho.quality.index import index_on
from kho.quality.submissions import list_submissions
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest, batch_id
from kho.settings import Settings

REPORTS, SIGNATURES = "indicator_reports", "digital_signatures"
FIRST, LAST = date(2026, 2, 3), date(2026, 3, 4)
COMMUNES = {"C1": "21025", "C2": "21136", "C3": "21157", "C4": "21548"}
CODES = {name: f"000.0{name[1]}.60.H48" for name in COMMUNES}
NAMES = {code: name for name, code in CODES.items()}
RULE_CHANGES_ON = date(2026, 2, 20)


def _february(day: int) -> date:
    return FIRST + timedelta(days=day - FIRST.day)


# What is sent: the night that reads it, and the records.


def _report(name: str, sent: str, value: str, parts: tuple[int, int], revision: int = 0) -> dict[str, str]:
    return {
        "maDonVi": CODES[name],
        "maChiTieu": "KH1534-07.1",
        "maDVHC": COMMUNES[name],
        "kyBaoCao": "2026-M01",
        "lanSuaDoi": str(revision),
        "giaTri": value,
        "donViTinh": "percent",
        "tuSo": str(parts[0]),
        "mauSo": str(parts[1]),
        "ngayCuoiKy": "20260131",
        "thoiDiemGui": sent,
    }


def _signature(name: str, sent: str, staff: int, issued: int) -> dict[str, str]:
    return {
        "maDonVi": CODES[name],
        "maDVHC": COMMUNES[name],
        "kyThongKe": "202601",
        "soPhaiCap": str(staff),
        "soDaCap": str(issued),
        "soDangHoatDong": str(issued),
        "capNhatLuc": sent,
    }


REVISION = _report("C2", "20260218090000", "101,50", (203, 200), revision=1)
READ: dict[str, dict[int, list[dict[str, str]]]] = {
    REPORTS: {
        3: [_report("C1", "20260202090000", "80,50", (161, 200))],
        5: [_report("C4", "20260204100000", "104,00", (208, 200))],
        8: [_report("C2", "20260205160000", "70,00", (60, 100))],
        10: [_report("C3", "20260209100000", "55,00", (110, 200))],
        11: [_report("C3", "20260210100000", "120,00", (240, 200), revision=1)],
        12: [],
        13: [_report("C4", "20260212080000", "84,00", (168, 200))],
        19: [REVISION],
        21: [REVISION],
    },
    SIGNATURES: {
        11: [_signature("C1", "2026-02-10T09:00:00", 20, 15)],
        25: [_signature("C2", "2026-02-24T09:00:00", 30, 30)],
        26: [_signature("C4", "2026-02-25T09:00:00", 5, 0)],
    },
}

# What goes wrong besides: the night, the dataset, the error that ends it.
BROKEN: dict[tuple[int, str], Exception] = {
    (6, REPORTS): SourceUnavailable("the gateway answered 503"),
    (7, REPORTS): SourceUnavailable("no answer"),
    (14, SIGNATURES): AuthenticationFailed("the source refuses our key and secret"),
    (15, SIGNATURES): RuntimeError("a mistake of our own"),
    (16, REPORTS): SchemaDrifted("the column giaTri is gone"),
    (17, SIGNATURES): GateClosed("the batch is not fit to load"),
}

# What must come of it, by hand. Submissions: night -> dataset -> what each commune's January is.
SUBMISSIONS: dict[int, dict[str, dict[str, str]]] = {
    # The last day is not over: who has sent is known, the others are not judged.
    5: {REPORTS: {"C1": "in_time", "C2": "not_due", "C3": "not_due", "C4": "not_due"}},
    # The last day is over, but nobody has looked since: silence proves nothing. C4's report is here, and useless.
    6: {REPORTS: {"C1": "in_time", "C2": "unknown", "C3": "unknown", "C4": "unusable"}},
    7: {REPORTS: {"C1": "in_time", "C2": "unknown", "C3": "unknown", "C4": "unusable"}},
    # Night 8 looked: C2 had sent in time all along.
    8: {REPORTS: {"C1": "in_time", "C2": "in_time", "C3": "not_reported", "C4": "unusable"}},
    9: {REPORTS: {"C1": "in_time", "C2": "in_time", "C3": "not_reported", "C4": "unusable"}},
    10: {REPORTS: {"C1": "in_time", "C2": "in_time", "C3": "late", "C4": "unusable"}},
    # The first signatures are read on night 11; the other communes' day is the 25th.
    13: {
        REPORTS: {"C1": "in_time", "C2": "in_time", "C3": "late", "C4": "late"},
        SIGNATURES: {"C1": "in_time"},
    },
    # The 16th is over, Tết is not: nobody is late.
    19: {
        REPORTS: {"C1": "in_time", "C2": "in_time", "C3": "late", "C4": "late"},
        SIGNATURES: {"C1": "in_time"},
    },
    24: {
        REPORTS: {"C1": "in_time", "C2": "in_time", "C3": "late", "C4": "late"},
        SIGNATURES: {"C1": "in_time", "C2": "not_due", "C3": "not_due", "C4": "not_due"},
    },
    26: {
        REPORTS: {"C1": "in_time", "C2": "in_time", "C3": "late", "C4": "late"},
        SIGNATURES: {"C1": "in_time", "C2": "in_time", "C3": "not_reported", "C4": "in_time"},
    },
}

# Every failure that counts against an agency: night -> (commune, rule, whose fault). Between the nights named here nothing changes.
# ABOVE is found of rows: it stands against a commune until a night reads other rows of that commune.
LATE = ("submitted_in_time", "source_late")
SILENT = ("submission_received", "source_late")
USELESS = ("submission_received", "data_defect")
DIFFERS = ("indicator_equals_its_parts", "data_defect")
ABOVE = ("percent_in_range", "data_defect")
CHARGED: dict[int, set[tuple[str, str, str]]] = {
    3: set(),
    5: {("C4", *ABOVE)},
    # The outage is nobody's. C4's 104 of night 5 is above 100, and of no use as a report.
    6: {("C4", *ABOVE), ("C4", *USELESS)},
    # C2's row breaks no rule of its own, and says nothing of C4's, which nobody has mended.
    8: {("C4", *ABOVE), ("C4", *USELESS), ("C3", *SILENT), ("C3", *LATE), ("C2", *DIFFERS)},
    # C3's 55 is fine, and late.
    10: {("C4", *ABOVE), ("C4", *USELESS), ("C3", *LATE), ("C2", *DIFFERS)},
    # Now C3 says 120: two communes' last rows are above 100.
    11: {("C4", *ABOVE), ("C4", *USELESS), ("C3", *LATE), ("C2", *DIFFERS), ("C3", *ABOVE)},
    # A batch without rows changes nothing.
    12: {("C4", *ABOVE), ("C4", *USELESS), ("C3", *LATE), ("C2", *DIFFERS), ("C3", *ABOVE)},
    # C4's 84 takes the place of its 104. C3's 120 stands for the rest of the month: nobody mends it.
    13: {("C4", *LATE), ("C3", *LATE), ("C2", *DIFFERS), ("C3", *ABOVE)},
    19: {("C4", *LATE), ("C3", *LATE), ("C2", *DIFFERS), ("C2", *ABOVE), ("C3", *ABOVE)},
    # C2's revision is judged again, by "at most 105": it passes, is in, and agrees with its parts.
    21: {("C4", *LATE), ("C3", *LATE), ("C3", *ABOVE)},
    # C3 has sent no signatures: silent and not in time, beside January's late report.
    26: {("C4", *LATE), ("C3", *LATE), ("C3", *SILENT), ("C3", *ABOVE)},
}

# Failures of the platform, of which no agency hears: (night, dataset, rule, whose fault).
PLATFORM = {
    (6, REPORTS, "in_step", "gateway_down"),
    (6, REPORTS, "source_reached", "gateway_down"),
    (7, REPORTS, "in_step", "gateway_down"),
    (7, REPORTS, "source_reached", "gateway_down"),
    (14, SIGNATURES, "in_step", "authentication"),
    (14, SIGNATURES, "source_reached", "authentication"),
    # What broke on our side says nothing of the source.
    (15, SIGNATURES, "in_step", "own_fault"),
    (16, REPORTS, "in_step", "contract_breach"),
    (17, SIGNATURES, "in_step", "data_defect"),
}

# Cases of the quarantine: who, first seen on night, last day for mending, closed by night, expired on night. A critical rule
# gives five working days.
#   C4: Thursday the 5th; 6, 9, 10, 11, 12 February. Mended on the 12th, in time; the night of the 13th sees it.
#   C3: Wednesday the 11th; 12, 13, then Tết, 23, 24, 25 February. The night of the 26th finds it open.
#   C2: Thursday the 19th, within Tết; 23, 24, 25, 26, 27 February. Its rule changes before.
CASES = [("C4", 5, 12, 13, None), ("C3", 11, 25, None, 26), ("C2", 19, 27, 21, None)]

# Index and coverage. Weights until the 15th: correct 40, complete 20, live 10, unified 10, connected 3 (clean 10, synchronised 5,
# shared 2 have no evidence of an agency); from the 16th: correct 10, live 40. Critical rules weigh 3, warnings 1.
#
# `correct` and half of `complete` (is there a value?) come from a commune's last rows, the other half of `complete` (was
# there a report?) and `live` from its submissions. `unified` compares the value in the star with its parts, `connected` asks
# whether the keys of its rows in the star lead to an agency, an indicator and a commune: all do.
# Night 10; the rows are C1's of night 3, C4's of night 5, C2's of night 8, C3's of night 10.
#   C1: correct, complete, live, unified, connected 100                  -> 100                covers 40+20+10+10+3 = 83
#   C2: the same, but unified 0 (70 is not 60)                           -> 7300/83 = 87.951   covers 83
#   C3: the same, but live 0 (late), unified 100                         -> 7300/83 = 87.951   covers 83
#   C4: correct 0 (104), complete 50 (a value; no usable report)         -> 1000/60 = 16.666   covers 40+20 = 60
#       (of what cannot be used nobody asks whether it was in time, and nothing of it is in the star)
#   province: (100 + 87.951 + 87.951 + 16.666) / 4 = 73.142, covers (3*83 + 60) / 4 = 77.25
# Night 27, new weights; reports weigh 2, signatures 1. The rows of the reports are C1's of night 3, C3's of night 11 (120), C4's
# of night 13 (84), C2's of night 21 (101,50 of at most 105); of the signatures C1's of night 11, C2's of 25, C4's of 26.
#   C1, C2: reports 100 (covers 10+20+40+10+3 = 83), signatures 100 (20+40+3 = 63) -> 100      covers (2*83+63)/3 = 76.333
#   C3: reports correct 0, complete 100, live 0 (late), unified 100, connected 100 (its 55 is in the star)
#                                                                        -> 3300/83 = 39.759   covers 83
#       signatures, of which it sent no row: complete 0, live 0          -> 0                  covers 60
#                                                                        -> 2*39.759/3 = 26.506   covers (2*83+60)/3 = 75.333
#   C4: reports live 0 (late), all else 100                              -> 4300/83 = 51.807   covers 83
#       signatures 100 (63)                                              -> (2*51.807+100)/3 = 67.871   covers 76.333
#   province: (100 + 100 + 26.506 + 67.871) / 4 = 73.594, covers (3*76.333 + 75.333) / 4 = 76.083
# Night 27 by the weights of the 10th:
#   C3: reports (40*0 + 20*100 + 10*0 + 10*100 + 3*100)/83 = 39.759, signatures 0 -> 26.506    covers (2*83+30)/3 = 65.333
INDEX = {
    10: {"C1": ("100.00", "83.00"), "C2": ("87.95", "83.00"), "C3": ("87.95", "83.00"), "C4": ("16.66", "60.00"),
         "": ("73.14", "77.25")},
    27: {"C1": ("100.00", "76.33"), "C2": ("100.00", "76.33"), "C3": ("26.50", "75.33"), "C4": ("67.87", "76.33"),
         "": ("73.59", "76.08")},
}  # fmt: skip

RULES = """
name: {dataset}
meta:
  sample: {{{sample}, _unreadable: null, _repeat: 0}}
expectations:
"""
PRESENT = """\
  - id: {rule}
    type: expect_column_value_to_be_present
    kwargs: {{column_A: {column}, column_B: _unreadable}}
    severity: critical
    meta: {{principle: complete, title: Thiếu số liệu, remedy: Bổ sung, breaks: {{{column}: null}}, passes: {{}}}}
"""
IN_RANGE = """\
  - id: percent_in_range
    type: expect_column_values_to_be_between
    kwargs: {{column: indicator_value, min_value: 0, max_value: {most}}}
    severity: critical
    meta: {{principle: correct, title: Ngoài khoảng, remedy: Sửa, breaks: {{indicator_value: 200}}, passes: {{}}}}
"""
WEIGHTS = """
  - valid_from: {since}
    source: x
    bands: {{green: 90, amber: 75}}
    principles: {{correct: {correct}, complete: 20, clean: 10, live: {live}, unified: 10, synchronised: 5, connected: 3, shared: 2}}
    severities: {{critical: 3, warning: 1, info: 0}}
    datasets: {{default: 1, indicator_reports: 2}}
    agencies: {{default: 1}}
    thresholds: {{slow_seconds: 10, submission_days: 92, read_days: 31}}
    master_keys: {{}}
"""
OBLIGATION = """
  - dataset: {dataset}
    every: month
    due: {{day: {day}, months_after: 1}}
    grace_working_days: 2
    agencies: {{types: [commune]}}
    times: {times}
    valid_from: 2026-01-01
    source: x
"""


class Month:
    """Thirty nights in a warehouse of their own, with rules, weights and obligations of their own."""

    def __init__(self, context: Context, project: Path) -> None:
        self.context = context
        self._project = project

    def run(self) -> None:
        night = FIRST
        while night <= LAST:
            if night == RULE_CHANGES_ON:
                write_rules(self._project, most=105)
            for dataset in (REPORTS, SIGNATURES):
                self._run_dataset(dataset, night)
            pipeline.build_star(night, self.context)
            night += timedelta(days=1)

    def _run_dataset(self, dataset: str, night: date) -> None:
        day = (night - FIRST).days + FIRST.day
        if dataset == SIGNATURES and day < 11:
            return
        if error := BROKEN.get((day, dataset)):
            pipeline.finish(dataset, night, self.context, error=error)
        elif (records := READ[dataset].get(day)) is not None:
            batch = self._land(dataset, night, records)
            for step in (pipeline.stage, pipeline.validate, pipeline.load):
                step(batch, self.context)
            pipeline.finish(dataset, night, self.context, batch_id=batch, outcome="loaded")
        else:
            pipeline.finish(dataset, night, self.context, outcome="unchanged")

    def _land(self, dataset: str, night: date, records: list[dict[str, str]]) -> str:
        context, contract = self.context, load_contract(dataset)
        names = contract.source_names
        table = pa.table({name: pa.array([one.get(name) for one in records], pa.string()) for name in names})
        with Landing(context.settings.raw_zone, dataset, "month") as landing:
            landing.write_batches(table.to_batches())
            manifest = Manifest(
                batch_id=batch_id(dataset, night, landing.content_sha256),
                dataset=dataset,
                as_of=night,
                contract_version=contract.version,
                endpoint="month",
                content_sha256=landing.content_sha256,
                fetched=landing.rows,
                window_from=datetime(2026, 1, 5),
                window_to=datetime.combine(night, datetime.min.time()),
                requests=1,
            )
            folder = landing.publish(manifest)
        ledger.enter(context.engine, manifest, folder.relative_to(context.settings.home))
        return manifest.batch_id

    def rows(self, query: str, **parameters: Any) -> list[Any]:
        with self.context.engine.connect() as db:
            return list(db.execute(sa.text(query), parameters))


def write_rules(project: Path, most: int) -> None:
    folder = project / "expectations"
    sample = RULES.format(dataset=REPORTS, sample="indicator_value: 81.25")
    rules = (
        sample + PRESENT.format(rule="value_present", column="indicator_value") + IN_RANGE.format(most=most)
    )
    (folder / f"{REPORTS}.yaml").write_text(rules, encoding="utf-8")
    sample = RULES.format(dataset=SIGNATURES, sample="staff_count: 40")
    rules = sample + PRESENT.format(rule="staff_count_present", column="staff_count")
    (folder / f"{SIGNATURES}.yaml").write_text(rules, encoding="utf-8")


def _project(folder: Path, real: Settings) -> Path:
    """The project, but with rules, weights, obligations and pairs of this test's own."""
    (folder / "include").mkdir(parents=True)
    (folder / "expectations").mkdir()
    for name in ("sql", "docs"):
        (folder / name).symlink_to(real.project_root / name)
    write_rules(folder, most=100)
    weights = [
        WEIGHTS.format(since="2025-07-01", correct=40, live=10),
        WEIGHTS.format(since="2026-02-16", correct=10, live=40),
    ]
    obligations = [
        OBLIGATION.format(dataset=REPORTS, day=3, times="exact"),
        OBLIGATION.format(dataset=SIGNATURES, day=16, times="last_change"),
    ]
    texts = {
        "quality.yaml": "versions:" + "".join(weights),
        "obligations.yaml": "judged_months: 2\nobligations:" + "".join(obligations),
        "agreements.yaml": textwrap.dedent("""
            pairs:
              - id: indicator_equals_its_parts
                dataset: indicator_reports
                title: Khác tỷ lệ tính từ tử số và mẫu số
                remedy: Tính lại
                severity: critical
                charged: agency
                tolerance: {absolute: 0.01}
                compares: Tỷ lệ báo cáo và tỷ lệ tính lại
                breaks: {said: 95, other: 90}
            """),
    }
    for name, text in texts.items():
        (folder / "include" / name).write_text(text, encoding="utf-8")
    for path in (real.project_root / "include").iterdir():
        if path.name not in {*texts, "kho"}:
            (folder / "include" / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def month(empty_warehouse: tuple, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    from kho.server.warehouse import open_warehouse
    from tests.integration.embedded import EMPTY, copy_database

    settings, server, engine = empty_warehouse
    engine.dispose()
    copy_database(server, EMPTY, "month")
    project = _project(tmp_path_factory.mktemp("project"), settings)
    url = server.url("month").render_as_string(hide_password=False)
    own = replace(settings, home=settings.home / "month", warehouse_url=url, project_root=project)
    own.home.mkdir()
    no_source: Any = None
    context = Context(open_warehouse(own), no_source, own)
    _people_and_places(context.engine)
    run = Month(context, project)
    with pytest.MonkeyPatch.context() as patch:
        # Where the suites are; everything else gets its settings handed in.
        patch.setattr("kho.settings.get_settings", lambda: own)
        run.run()
    yield run
    context.engine.dispose()


def _people_and_places(engine: sa.Engine) -> None:
    with engine.begin() as db:
        for name, unit in COMMUNES.items():
            db.execute(
                sa.text(
                    "INSERT INTO dw.dim_administrative_unit (unit_code, valid_from, unit_level, name_vi) "
                    "VALUES (:u, '2025-07-01', 'commune', :n)"
                ),
                {"u": unit, "n": name},
            )
            db.execute(
                sa.text(
                    "INSERT INTO dw.dim_agency (agency_code, name_vi, agency_type, administrative_unit_code) "
                    "VALUES (:a, :n, 'commune', :u)"
                ),
                {"a": CODES[name], "n": name, "u": unit},
            )
        db.execute(
            sa.text(
                "INSERT INTO dw.dim_indicator (indicator_code, name_vi) VALUES ('KH1534-07.1', 'Trực tuyến')"
            )
        )


@pytest.mark.parametrize("night", SUBMISSIONS)
def test_who_reported_is_as_worked_out(month: Month, night: int) -> None:
    _, found = list_submissions(month.context.engine, _february(night), period="2026-M01")
    states: dict[str, dict[str, str]] = {}
    for item in found:
        states.setdefault(item.dataset, {})[NAMES[item.agency_code]] = item.state
    assert states == SUBMISSIONS[night]


def test_a_zero_is_a_report_and_silence_is_none(month: Month) -> None:
    _, found = list_submissions(month.context.engine, LAST, dataset=SIGNATURES, period="2026-M01")
    reported = {NAMES[item.agency_code]: (item.row_count, item.zero_count) for item in found}
    assert reported == {"C1": (1, 0), "C2": (1, 0), "C3": (0, 0), "C4": (1, 1)}


def test_lateness_is_counted_from_the_last_day(month: Month) -> None:
    _, found = list_submissions(month.context.engine, LAST, dataset=REPORTS, period="2026-M01")
    late = {NAMES[item.agency_code]: (item.due_on, item.last_day, item.late_days) for item in found}
    due, last = date(2026, 2, 3), date(2026, 2, 5)
    assert late == {"C1": (due, last, 0), "C2": (due, last, 0), "C3": (due, last, 4), "C4": (due, last, 7)}
    _, found = list_submissions(month.context.engine, LAST, dataset=SIGNATURES, period="2026-M01")
    assert {(item.due_on, item.last_day) for item in found} == {(date(2026, 2, 23), date(2026, 2, 25))}


@pytest.mark.parametrize("night", CHARGED)
def test_what_counts_against_an_agency_is_as_worked_out(month: Month, night: int) -> None:
    rows = month.rows(
        "SELECT agency_code, rule_id, fault FROM dq.evidence_on(:d) WHERE failed > 0 AND agency_code <> ''",
        d=_february(night),
    )
    assert {(NAMES[row.agency_code], row.rule_id, row.fault) for row in rows} == CHARGED[night]


def test_the_platforms_failures_are_attributed_and_charged_to_nobody(month: Month) -> None:
    rows = month.rows(
        "SELECT as_of, dataset, rule_id, fault, agency_code FROM dq.evidence "
        "WHERE failed > 0 AND rule_id IN ('in_step', 'source_reached')"
    )
    found = {((row.as_of - FIRST).days + FIRST.day, row.dataset, row.rule_id, row.fault) for row in rows}
    assert found == PLATFORM
    assert {row.agency_code for row in rows} == {""}


def test_the_table_refuses_to_blame_an_agency_for_the_platform(month: Month) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="evidence"), month.context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dq.evidence VALUES "
                "('2026-02-06', 'x', '000.01.60.H48', 'r', 'live', 'critical', 'gateway_down', 1, 1)"
            )
        )


def test_cases_close_when_they_or_their_rule_are_mended_and_expire_otherwise(month: Month) -> None:
    rows = month.rows(
        "SELECT q.agency_code, q.first_seen_on, q.due_on, b.as_of AS closed_on, q.expired_on, q.status "
        "FROM dq.quarantine AS q LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id "
        "ORDER BY q.first_seen_on"
    )
    assert [
        (NAMES[row.agency_code], row.first_seen_on, row.due_on, row.closed_on, row.expired_on) for row in rows
    ] == [(name, *(day and _february(day) for day in days)) for name, *days in CASES]
    assert [row.status for row in rows] == ["resolved", "open", "resolved"]


@pytest.mark.parametrize("night", INDEX)
def test_the_index_is_as_worked_out(month: Month, night: int) -> None:
    rows = month.rows(
        "SELECT agency_code, score, coverage FROM dq.quality_index WHERE as_of = :d "
        "AND (level = 'province' OR level = 'agency' AND agency_code <> '')",
        d=_february(night),
    )
    found = {NAMES.get(row.agency_code, ""): (str(row.score), str(row.coverage)) for row in rows}
    assert found == INDEX[night]


def test_a_day_can_be_scored_again_by_its_own_weights_and_by_others(month: Month) -> None:
    settings = month.context.settings
    with month.context.engine.connect() as db:
        own, lines = index_on(db, _february(27), settings=settings)
        before, others = index_on(db, _february(27), weights_of=_february(10), settings=settings)
        kept = {
            tuple(row)
            for row in db.execute(
                sa.text(
                    "SELECT level, dataset, agency_code, principle, master_key, score, coverage, evaluated, failed, "
                    "parts FROM dq.quality_index WHERE as_of = :d"
                ),
                {"d": _february(27)},
            )
        }
    assert (own.valid_from, before.valid_from) == (date(2026, 2, 16), date(2025, 7, 1))
    assert {
        (x.level, x.dataset, x.agency_code, x.principle, x.master_key, x.score, x.coverage, x.evaluated, x.failed,
         x.parts)
        for x in lines
    } == kept  # fmt: skip
    (late,) = [line for line in others if line.level == "agency" and line.agency_code == CODES["C3"]]
    assert (late.score, late.coverage) == (Decimal("26.50"), Decimal("65.33"))


def test_every_dataset_has_a_score_every_night_and_no_principle_without_evidence(month: Month) -> None:
    rows = month.rows("SELECT DISTINCT as_of, dataset FROM dq.score")
    nights = (LAST - FIRST).days + 1
    assert sum(row.dataset == REPORTS for row in rows) == nights
    assert sum(row.dataset == SIGNATURES for row in rows) == nights - 8  # read from the 11th on
    assert month.rows("SELECT count(*) AS n FROM dq.score WHERE evaluated = 0")[0].n == 0
    # Both were compared with the star when they were loaded; both say where their scores' rows are from.
    rows = month.rows(
        "SELECT agency_code, judged_on, faults FROM dq.score "
        "WHERE as_of = :d AND dataset = :r AND principle = 'correct' AND agency_code <> ''",
        d=_february(20),
        r=REPORTS,
    )
    assert {NAMES[row.agency_code]: (row.judged_on, row.faults) for row in rows} == {
        "C1": (_february(3), {}),
        "C2": (_february(19), {"data_defect": 1}),
        "C3": (_february(11), {"data_defect": 1}),
        "C4": (_february(13), {}),
    }


def test_the_report_says_the_same(month: Month) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kho.settings.get_settings", lambda: month.context.settings)
        path = Path(pipeline.write_report(_february(27), month.context).message)
        first = path.read_bytes()
        assert Path(pipeline.write_report(_february(27), month.context).message).read_bytes() == first
    page = " ".join(re.sub(r"<[^>]+>", " ", first.decode()).split())
    assert "Chỉ số của toàn tỉnh là 73,59 điểm" in page
    assert "độ phủ căn cứ 76,08%" in page
    assert "Điểm từ ngày 03/02/2026 đến ngày 21/02/2026" in page
    # Asked 4, in time 3, late 0, silent 1, useless 0, unknown 0, exempt 0, all zeros 1.
    title = load_contract(SIGNATURES).title
    assert f"{title} 4 3 0 1 0 0 0 1 " in page


def test_measuring_a_night_again_changes_nothing(month: Month) -> None:
    def everything() -> dict[str, list[str]]:
        tables = (
            "dq.evidence",
            "dq.score",
            "dq.quality_index",
            "dq.submission",
            "dq.agreement",
            "dq.weighting",
        )
        return {name: sorted(map(repr, month.rows(f"SELECT * FROM {name}"))) for name in tables}

    before = everything()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kho.settings.get_settings", lambda: month.context.settings)
        pipeline.build_star(LAST, month.context)
    assert everything() == before
