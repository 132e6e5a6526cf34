"""How the columns of sources differ from their contracts, in words for their owners.

In: `meta.schema_change`. Out: the changes that a night saw and nobody has acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kho.report.vietnamese import clip, technical
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

_CHANGES = {
    "added": "Trường mới",
    "missing": "Trường không còn",
    "renamed": "Có thể đã đổi tên",
    "retyped": "Đổi kiểu dữ liệu",
}
_STOPPED = "Dừng nạp bộ dữ liệu; số liệu đã nạp trước đây được giữ nguyên"
_CONSEQUENCES = {
    "added": "Ghi nhận, chưa nạp trường này",
    "missing": "Nạp với giá trị trống",
    "renamed": "Tên cũ nạp với giá trị trống; ghi nhận tên mới",
    "retyped": "Đọc theo hợp đồng; giá trị không đọc được bị quy tắc giữ lại",
}
_EVOLVING = "Giữ ở vùng dữ liệu gốc, đã lập đề xuất sửa hợp đồng dữ liệu"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change: what it is and what the load did about it."""

    dataset: str
    column: str
    change: str
    detail: str
    consequence: str
    first_seen_on: date


def read_schema_changes(db: sa.Connection, as_of: date) -> tuple[SchemaChange, ...]:
    """The open changes that the night of `as_of` saw."""
    return tuple(_change(row) for row in run_file(db, "report/schema_changes.sql", as_of=as_of))


def _change(row: sa.Row[tuple[object, ...]]) -> SchemaChange:
    consequence = _CONSEQUENCES[row.kind]
    if row.stops:
        consequence = _STOPPED
    elif row.policy == "evolve" and row.kind in ("added", "renamed"):
        consequence = _EVOLVING
    return SchemaChange(
        dataset=row.dataset,
        column=clip(row.column_name, 60),
        change=_CHANGES[row.kind],
        detail=technical(row.detail, 120),
        consequence=consequence,
        first_seen_on=row.first_seen_on,
    )
