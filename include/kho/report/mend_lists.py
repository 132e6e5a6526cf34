"""The lists to mend: an Excel file for each agency with its records in the quarantine.

In: the masked quarantine as of a night. Out: `reports/<night>/can-sua/<agency>.xlsx`, all of them anew; a
list of an agency that has nothing to mend any more is removed. Rows come from the database as a stream, one
agency after the other, so memory does not grow with them.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kho.quality.classifications import copy_classifications
from kho.quality.deadlines import load_deadlines
from kho.quality.quarantine import MASK
from kho.report import names
from kho.report.mend_workbook import MendLine, MendWorkbook, values_of
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.settings import Settings

FOLDER = "can-sua"
NOBODY = "chua-xac-dinh-co-quan"
_ROWS_AT_A_TIME = 1_000
_KEYLESS = re.compile(r"(?:^|\|)(?:\||$)")
_UNSENT_CLOSES = (
    "Bản ghi thiếu mã: vụ việc tự đóng khi nguồn không còn gửi bản ghi này; bản ghi thiếu mã khác gửi thay "
    "vẫn thuộc vụ việc này và giữ nguyên hạn"
)
_NOTHING_CLOSES = (
    "Bản ghi thiếu mã nên không đối chiếu được với bản gửi lại: sau khi sửa trên hệ thống nguồn, "
    "đề nghị đơn vị vận hành miễn xử lý vụ việc này"
)
_READABLE_BY_ALL = 0o644


@dataclass(frozen=True, slots=True)
class MendList:
    """One file that was written."""

    agency_code: str
    agency: str
    path: Path
    records: int


@dataclass(frozen=True)
class _Words:
    """What rules and fields are called."""

    rules: dict[tuple[str, str], tuple[str, str]]
    fields: dict[str, dict[str, str]]
    names: names.Names
    whole: frozenset[str]
    """Datasets that come whole each night: what is no longer sent is known to be gone."""


def lists_folder(settings: Settings, as_of: date) -> Path:
    """Where the lists of a night are."""
    return settings.reports / as_of.isoformat() / FOLDER


def write_mend_lists(
    engine: sa.Engine,
    as_of: date,
    settings: Settings,
    *,
    agency: str | None = None,
    folder: Path | None = None,
) -> tuple[MendList, ...]:
    """Write the lists of the night of `as_of`, of all agencies or of one; lists that exist are replaced."""
    folder = folder or lists_folder(settings, as_of)
    folder.mkdir(parents=True, exist_ok=True)
    with engine.begin() as db:
        copy_classifications(db)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
            written = tuple(_write_all(db, as_of, settings, agency, draft))
        for item in written:
            (draft / item.path.name).replace(folder / item.path.name)
        if agency is None:
            _remove_others(folder, {item.path.name for item in written})
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return tuple(
        MendList(item.agency_code, item.agency, folder / item.path.name, item.records) for item in written
    )


def _write_all(
    db: sa.Connection, as_of: date, settings: Settings, agency: str | None, draft: Path
) -> Iterator[MendList]:
    words = _words(db, settings)
    rows = _open_cases(db, as_of, agency)
    for code, cases in groupby(rows, key=attrgetter("agency_code")):
        path = draft / f"{_file_name(code)}.xlsx"
        title = words.names.agency(code)
        with MendWorkbook(path, title, as_of, draft) as book:
            book.add(_line(case, words, as_of) for case in cases)
        path.chmod(_READABLE_BY_ALL)
        yield MendList(code, title, path, book.rows)


def _open_cases(db: sa.Connection, as_of: date, agency: str | None) -> Iterable[Any]:
    from kho.contracts import load_contracts

    contracts = load_contracts()
    streaming = db.execution_options(stream_results=True, yield_per=_ROWS_AT_A_TIME)
    return run_file(
        streaming,
        "quality/mend_list.sql",
        as_of=as_of,
        agency=agency,
        working_days=load_deadlines().working_days.critical,
        owned=[contract.dataset for contract in contracts],
        owners=[contract.quality.owner_agency for contract in contracts],
    )


def _words(db: sa.Connection, settings: Settings) -> _Words:
    from kho.contracts import load_contracts

    rules = {
        (row.dataset, row.rule_id): (row.title_vi, row.remedy_vi)
        for row in run_file(db, "quality/list_rule_texts.sql")
    }
    fields: dict[str, dict[str, str]] = defaultdict(dict)
    for row in run_file(db, "quality/list_field_titles.sql"):
        fields[row.dataset][row.source_name] = row.title_vi
    contracts = load_contracts(settings.contracts_dir)
    whole = frozenset(contract.dataset for contract in contracts if contract.comes_whole)
    return _Words(rules, fields, names.read_names(db, settings.contracts_dir), whole)


def _line(case: Any, words: _Words, as_of: date) -> MendLine:
    told = [words.rules.get((case.dataset, rule), (rule, "")) for rule in case.failed_rules]
    remedies = [remedy for _, remedy in told if remedy]
    if _KEYLESS.search(case.business_key):
        remedies.append(_UNSENT_CLOSES if case.dataset in words.whole else _NOTHING_CLOSES)
    state = "Quá hạn" if case.due_on < as_of else "Còn hạn"
    if case.reopened_on is not None:
        state += "; hết thời gian được miễn"
    if case.of_agency is not None:
        state += f"; trước đây của {words.names.agency(case.of_agency)}"
    raw = case.raw if isinstance(case.raw, dict) else {}
    return MendLine(
        case=case.quarantine_id,
        source=words.names.dataset(case.dataset),
        record=case.business_key or "(thiếu mã)",
        faults=tuple(title for title, _ in told),
        remedies=tuple(dict.fromkeys(remedies)),
        due_on=case.due_on,
        state=state,
        first_seen_on=case.first_seen_on,
        values=values_of(raw, words.fields.get(case.dataset, {}), MASK),
    )


def _file_name(agency_code: str) -> str:
    """The code, as far as a file may be called so; codes of the catalogue may."""
    return re.sub(r"[^0-9A-Za-z.-]", "_", agency_code).strip(".") or NOBODY


def _remove_others(folder: Path, keep: set[str]) -> None:
    for path in folder.glob("*.xlsx"):
        if path.name not in keep:
            path.unlink()
    # What a killed run left.
    for path in folder.glob(".draft-*"):
        shutil.rmtree(path, ignore_errors=True)
