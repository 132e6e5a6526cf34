"""The rules that follow from a proposed contract.

In: a `Proposal`. Out: `RuleProposal`s, each a Great Expectations configuration with title and remedy in
Vietnamese, one row that breaks it and one that just passes, and the reason why it is proposed. Only what
makes a row unusable is critical: its key, its time of change, its agency. The rest warns until its owner
has agreed to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from kho.authoring.proposal import ColumnProposal, Proposal
from kho.authoring.reference_lists import COMMUNES
from kho.conform.numbers import VIETNAMESE_NUMBER
from kho.rules.suite import EXAMPLES_AS_OF

_FORMATS = {
    "%d/%m/%Y": "dd/MM/yyyy",
    "%d/%m/%Y %H:%M:%S": "dd/MM/yyyy HH:mm:ss",
    "%d/%m/%Y %H:%M": "dd/MM/yyyy HH:mm",
    "%d-%m-%Y": "dd-MM-yyyy",
    "%Y%m%d": "yyyyMMdd",
    "%Y%m%d%H%M%S": "yyyyMMddHHmmss",
    VIETNAMESE_NUMBER: VIETNAMESE_NUMBER,
    None: "đã thống nhất trong hợp đồng",
}
_BY_MEANING = {
    "citizen id": ("expect_column_values_to_be_citizen_id", "không hợp lệ", "099985001234"),
    "tax code": ("expect_column_values_to_be_tax_code", "sai số kiểm tra", "0100109107"),
    "agency code": ("expect_column_values_to_be_agency_code", "sai cấu trúc mã định danh", "H48_02"),
    "dossier code": ("expect_column_values_to_be_dossier_code", "sai cấu trúc", "H48/26/1"),
    "procedure code": ("expect_column_values_to_be_procedure_code", "sai cấu trúc", "1.00419"),
    "phone number": ("expect_column_values_to_be_phone_number", "không phải số điện thoại", "0123"),
    "health insurance number": (
        "expect_column_values_to_be_health_insurance_number",
        "sai cấu trúc thẻ BHYT",
        "BH123",
    ),
}


@dataclass(frozen=True)
class RuleProposal:
    """One rule, as the suite will have it."""

    rule_id: str
    type: str
    kwargs: dict[str, Any]
    severity: str
    principle: str
    title: str
    remedy: str
    reason: str
    breaks: dict[str, Any] | None = None
    passes: dict[str, Any] = field(default_factory=dict)


def propose_rules(proposal: Proposal) -> tuple[RuleProposal, ...]:
    """All rules of a dataset: the table, the key, then column by column."""
    return tuple(_rules(proposal))


def _rules(proposal: Proposal) -> Iterator[RuleProposal]:
    key = proposal.key
    yield RuleProposal(
        "table_has_all_columns",
        "expect_table_columns_to_match_set",
        {"column_set": {"$ref": "contract.columns"}, "exact_match": False},
        "critical",
        "correct",
        "Bảng thiếu cột theo hợp đồng dữ liệu",
        "Kiểm tra cấu trúc dữ liệu nguồn và cập nhật hợp đồng dữ liệu",
        "every dataset has it",
    )
    yield RuleProposal(
        "key_unique",
        "expect_column_values_to_not_be_in_set",
        {"column": "_repeat", "value_set": [2]},
        "critical",
        "clean",
        f"Trùng {_lower(' và '.join(column.title for column in key))} với nội dung khác nhau",
        "Giữ một bản ghi đúng và huỷ bản ghi trùng",
        "every dataset has it: the losers of a repeated key need somewhere to go",
        {"_repeat": 2},
        {"_repeat": 0},
    )
    for column in proposal.columns:
        yield from _of_column(column, _is_vital(column, proposal))
        if column.reference == COMMUNES:
            yield from _of_commune(column, proposal)


def _is_vital(column: ColumnProposal, proposal: Proposal) -> bool:
    return bool(column.key_position) or column.name in (proposal.watermark, proposal.agency_column)


def _of_column(column: ColumnProposal, vital: bool) -> Iterator[RuleProposal]:
    if column.missing_reason_of:
        yield _reported(column)
        return
    critical = "critical" if vital else "warning"
    if column.required:
        yield _present(column, critical)
    if column.logical_type != "string":
        yield RuleProposal(
            f"{column.name}_readable",
            "expect_column_value_to_be_readable",
            {"column_A": column.name, "column_B": "_unreadable"},
            "critical" if column.required else "warning",
            "correct",
            f"{column.title} không đọc được",
            f"Nhập lại theo dạng {_FORMATS[column.source_format]}",
            "a value that cannot be read would be lost silently",
            {column.name: None, "_unreadable": f",{column.name},"},
        )
    yield from _of_value(column, critical)
    yield from _of_bounds(column)


def _present(column: ColumnProposal, severity: str) -> RuleProposal:
    reason = f"{column.profile.completeness:.1%} of the sample have it"
    if column.logical_type == "string":
        kind, kwargs = "expect_column_values_to_not_be_null", {"column": column.name}
    else:
        kind = "expect_column_value_to_be_present"
        kwargs = {"column_A": column.name, "column_B": "_unreadable"}
    return RuleProposal(
        f"{column.name}_present",
        kind,
        kwargs,
        severity,
        "complete",
        f"Thiếu {_lower(column.title)}",
        f"Bổ sung {_lower(column.title)} tại hệ thống nguồn",
        reason,
        {column.name: None},
    )


def _reported(column: ColumnProposal) -> RuleProposal:
    measured = column.title.partition(": ")[2]
    return RuleProposal(
        f"{column.missing_reason_of}_reported",
        "expect_column_values_to_not_be_in_set",
        {"column": column.name, "value_set": ["not_yet_reported", "unknown"]},
        "warning",
        "complete",
        f"Chưa có số liệu: {measured}",
        f"Bổ sung số liệu ({measured}) rồi gửi lại biểu",
        "some cells of the sample hold a mark of a missing value",
        {column.name: "not_yet_reported"},
        {column.name: "not_applicable"},
    )


def _of_value(column: ColumnProposal, severity: str) -> Iterator[RuleProposal]:
    name, title = column.name, column.title
    if column.reference == COMMUNES:
        return  # judged by date, with another column
    if column.reference:
        yield RuleProposal(
            f"{name}_known",
            "expect_column_values_to_be_in_set",
            {"column": name, "value_set": {"$ref": column.reference}},
            severity,
            "connected",
            f"{title} chưa có trong danh mục dùng chung",
            f"Đăng ký hoặc sửa {_lower(title)} theo danh mục dùng chung",
            f"the values are codes of {column.reference}",
            {name: "KHONG-CO"},
        )
    elif column.codes:
        yield RuleProposal(
            f"{name}_known",
            "expect_column_values_to_be_in_set",
            {"column": name, "value_set": list(column.codes)},
            "warning",
            "unified",
            f"{title} ngoài danh mục",
            f"Dùng {_lower(title)} theo danh mục đã thống nhất",
            f"{len(column.codes)} values recur in the sample",
            {name: "KHONG-CO"},
        )
    elif column.meaning in _BY_MEANING:
        kind, wrong, bad = _BY_MEANING[column.meaning]
        critical_key = severity if column.key_position else "warning"
        yield RuleProposal(
            f"{name}_valid", kind, {"column": name}, critical_key, "correct",
            f"{title} {wrong}", f"Đối chiếu và sửa {_lower(title)}",
            f"the values look like a {column.meaning}", {name: bad},
        )  # fmt: skip
    elif column.pattern:
        yield RuleProposal(
            f"{name}_format",
            "expect_column_values_to_match_regex",
            {"column": name, "regex": column.pattern},
            "warning",
            "correct",
            f"{title} sai cấu trúc",
            f"Sửa {_lower(title)} theo cấu trúc {column.shape} (A: chữ, 9: số)",
            f"the sample has the form {column.shape}",
            {name: "?"},
        )
    elif column.logical_type == "string" and column.profile.vietnamese:
        yield RuleProposal(
            f"{name}_encoding",
            "expect_column_values_to_not_be_legacy_encoded",
            {"column": name},
            "warning",
            "clean",
            f"{title} sai bảng mã hoặc mất chữ",
            "Sửa chữ tại hệ thống nguồn và chuyển dữ liệu sang Unicode",
            "the values are Vietnamese text",
            {name: "NguyÔn V¨n ¸nh"},
            {name: "Trần Ngọc Ánh"},
        )


def _of_commune(column: ColumnProposal, proposal: Proposal) -> Iterator[RuleProposal]:
    """A commune's code is valid on a day, not by itself; without a day it cannot be judged."""
    days = [c for c in proposal.columns if c.logical_type in ("date", "timestamp")]
    if not days:
        return
    day = next((c for c in days if c.name == proposal.watermark), days[0])
    yield RuleProposal(
        f"{column.name}_valid_on_date",
        "expect_administrative_unit_to_be_valid_on",
        {
            "column_A": column.name,
            "column_B": day.name,
            "units": {"$ref": "administrative_units.commune_periods"},
        },
        "warning",
        "unified",
        f"{column.title} không còn hiệu lực tại {_lower(day.title)}",
        "Dùng mã đơn vị hành chính đang có hiệu lực",
        "the values are codes of communes, which are valid for a time",
        {column.name: "00000"},
    )


def _of_bounds(column: ColumnProposal) -> Iterator[RuleProposal]:
    name, title, found = column.name, column.title, column.profile
    if column.logical_type in ("integer", "number") and not _was_negative(column):
        yield RuleProposal(
            f"{name}_not_negative",
            "expect_column_values_to_be_between",
            {"column": name, "min_value": 0},
            "warning",
            "correct",
            f"{title} âm",
            f"Kiểm tra và sửa {_lower(title)}",
            "no value of the sample is below 0",
            {name: -1},
            {name: 0},
        )
    past = "updated" in name or "created" in name or column.required
    if column.logical_type in ("date", "timestamp") and past and found.present:
        is_moment = column.logical_type == "timestamp"
        yield RuleProposal(
            f"{name}_not_in_future",
            "expect_column_values_to_be_between",
            {"column": name, "max_value": {"$PARAMETER": "as_of_end" if is_moment else "as_of"}},
            "warning",
            "correct",
            f"{title} ở tương lai",
            f"Sửa {_lower(title)}",
            "what is recorded has happened",
            {name: datetime(2099, 1, 1) if is_moment else date(2099, 1, 1)},  # noqa: DTZ001 - local,
            {name: datetime.combine(EXAMPLES_AS_OF, time.max) if is_moment else EXAMPLES_AS_OF},
        )


def _was_negative(column: ColumnProposal) -> bool:
    low = column.profile.low
    return (low is not None and low < 0) or any(shape[:1] == "-" for shape, _ in column.profile.shapes)


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
