"""Learn a form from one that was sent: where its table is, what its columns are, who sent it and for when.

In: the binding of a drop folder, and a file (or the newest one there). Out: the binding with everything that
a form's contract says, a hint for each column of the contract, and the evidence for every choice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kho.authoring.file_names import NamePattern, name_pattern
from kho.authoring.form_cells import MEASURE
from kho.authoring.form_sheets import SampleForm, sample_form
from kho.authoring.form_table import Table, TableColumn, find_table
from kho.authoring.form_titles import UNIT, Title, find_titles, whole_unit
from kho.authoring.hints import ColumnHint
from kho.authoring.vocabulary import column_name, personal_hint
from kho.conform.units import unit_of
from kho.contracts import FilesSource
from kho.contracts.model import Column
from kho.errors import ConfigurationError
from kho.extract.files.extractor import sample_files
from kho.extract.sample import Sample
from kho.extract.source_names import words

if TYPE_CHECKING:
    from kho.connections import Connections

REMARK = "form_unit"
"""The landed name of the unit that a remark above the table names."""

MOMENT = "%d/%m/%Y %H:%M:%S"
_MONEY = frozenset(["tien", "thu", "chi", "von", "phi", "gia", "ngan", "sach", "doanh", "luong", "thue"])


@dataclass(frozen=True)
class LearntForm:
    """What a form taught: its binding, its columns, a sample, and why."""

    binding: dict[str, Any]
    hints: dict[str, ColumnHint]
    sample: Sample
    evidence: tuple[str, ...]


def learn_form(
    binding: dict[str, Any],
    connections: Connections,
    communes: Collection[str],
    rows: int,
    *,
    given: Path | None = None,
    sheet: str | None = None,
) -> LearntForm:
    """The binding of forms like the sample.

    Raises:
        ConfigurationError: the given file or sheet is not there, or is not called as agreed.
        SourceRejected: no form can be read, or none has a table.
    """
    from kho.authoring.binding import typed_source

    with sample_form(binding, connections, given) as form:
        table = find_table(form.grids, form.where, sheet)
        name = _name(binding, form, communes)
        titles = find_titles(table.grid.rows[: table.header.top], communes)
        cells, said = _cells(titles, name)
        submitter, period = said["submitter"], said["period"]
        full = {**binding, "file_name": name.pattern}
        if name.derived:
            full["derived"] = name.derived
        if submitter and period:
            full["submission"] = {"submitter": submitter, "period": period}
            full["submission"] |= {"version": name.version} if name.version else {}
        remark = whole_unit(table.grid.rows[: table.header.top])
        declared = [cell for _, cell in cells]
        if remark and any(_is_amount(column) for column in table.columns):
            declared.append({"name": REMARK, "pattern": UNIT})
        full["form"] = {**table.form, "cells": declared} if declared else table.form
        hints = dict(_hints(table, cells, name, remark))
        source = typed_source({**full, "folder": form.folder, "settle_seconds": 0})
        if not isinstance(source, FilesSource):
            raise TypeError("a form is learnt for files only")
        sample = sample_files(source, form.connection, rows, [_column(n, h) for n, h in hints.items()])
        sample = replace(sample, where=form.where)
    evidence = [*name.evidence, *table.evidence]
    evidence += [f"form: above the table: {title.label} = {title.value}" for title, _ in cells]
    if form.hidden:
        evidence.append(f"form: hidden sheets are never read: {', '.join(form.hidden)}")
    evidence.append(
        f"submission: sender {submitter}, period {period}: a form that comes again replaces the earlier one"
        if submitter and period
        else "submission: neither name nor title says both sender and period; every form stands for itself"
    )
    return LearntForm(full, hints, sample, tuple(evidence))


def _name(binding: dict[str, Any], form: SampleForm, communes: Collection[str]) -> NamePattern:
    """The declared pattern of names, or the one that the sample's name suggests."""
    given = binding.get("file_name")
    if not given:
        return name_pattern(form.name, form.others, communes)
    if not re.fullmatch(given, form.name, re.IGNORECASE):
        raise ConfigurationError(
            f"the sample '{form.name}' is not called as --file-name says",
            where=form.where,
            next_step="correct the pattern, or leave it out: it is taken from the sample's name",
        )
    groups = set(re.compile(given).groupindex)
    derived: dict[str, str] = dict(binding.get("derived") or {})
    submitter = next((g for g in ("file_commune", "file_agency") if g in groups), None)
    period = next(iter(derived), None)
    if period is None and {"file_year", "file_month"} <= groups:
        period, derived = "file_period", {"file_period": "{file_year}-M{file_month}"}
    version = "form_version" if "form_version" in groups else None
    return NamePattern(given, derived, submitter, period, version, ("file name: as it was given",))


def _cells(
    titles: list[Title], name: NamePattern
) -> tuple[list[tuple[Title, dict[str, Any]]], dict[str, str | None]]:
    """The form's `cells`, and which landed names are submitter and period."""
    found: list[tuple[Title, dict[str, Any]]] = []
    said: dict[str, str | None] = {"submitter": name.submitter, "period": name.period}
    taken: set[str] = set()
    for title in titles:
        own = column_name(title.label, taken)
        own = {"commune": "commune_code", "agency": "agency_code"}.get(title.sender or "", own)
        own = "period_code" if title.is_period else own
        if own in taken:
            continue
        taken.add(own)
        cell: dict[str, Any] = {"name": own, "pattern": title.pattern}
        cell |= {"format": title.format} if title.format else {}
        cell |= {"digits": 5} if title.sender == "commune" else {}
        part = "period" if title.is_period else "submitter" if title.sender else None
        if part and said[part] and (title.is_period or said[part] == f"file_{title.sender}"):
            if not title.is_period or _same_period(title, name):
                cell["equals"] = said[part]
        elif part and not said[part]:
            said[part] = own
        found.append((title, cell))
    return found, said


def _same_period(title: Title, name: NamePattern) -> bool:
    """Whether name and title write periods alike, so that the one may prove the other."""
    form = next(iter(name.derived.values()), "")
    kinds = ("-M", "-Q")
    return title.format is not None and [k in form for k in kinds] == [k in title.format for k in kinds]


def _hints(
    table: Table, cells: list[tuple[Title, dict[str, Any]]], name: NamePattern, unit: str | None
) -> Iterator[tuple[str, ColumnHint]]:
    """A hint for each column of the contract, by the name under which it is landed."""
    there = {cell["name"] for _, cell in cells}
    proved = {cell.get("equals") for _, cell in cells}
    for landed, own, title in (
        (name.submitter, "commune_code" if name.submitter == "file_commune" else "agency_code", "Đơn vị gửi"),
        (name.period, "period_code", "Kỳ báo cáo"),
    ):
        if landed and landed not in proved and own not in there:
            yield landed, ColumnHint(title, name=own, reasons=("the file's name says it",), names_form=True)
    for title_found, cell in cells:
        part = title_found.is_period or title_found.sender is not None
        heading = title_found.label[:1].upper() + title_found.label[1:]
        yield (
            cell["name"],
            ColumnHint(heading, name=cell["name"], reasons=("it stands above the table",), names_form=part),
        )
    if unit and any(_is_amount(column) for column in table.columns):
        yield REMARK, ColumnHint("Đơn vị tính", name=REMARK, reasons=("the remark above the table",))
    units = next((column.name for column in table.columns if column.units), None)
    for column in table.columns:
        yield column.name, _of_column(column, units, unit)
    if len(table.sheets) > 1:
        yield "_sheet", ColumnHint("Trang tính", name="source_sheet", reasons=("several sheets are read",))
    yield (
        "_modified_at",
        ColumnHint(
            "Thời điểm gửi", "timestamp", MOMENT, name="submitted_at", changes=True,
            reasons=("when the file was written: a later form replaces an earlier one",),
        ),
    )  # fmt: skip
    yield "_file", ColumnHint("Tệp", name="source_file", reasons=("where a value can be looked up",))


def _of_column(column: TableColumn, units: str | None, whole: str | None) -> ColumnHint:
    cells, unit = column.cells, column.unit
    reasons = list(cells.reasons)
    kind, sql_type = cells.logical_type, cells.sql_type
    unit_column = None
    if kind in ("integer", "number"):
        if unit:
            reasons.append(f"its heading says {unit}" if not cells.percent else "its cells show %")
        elif units:
            unit_column = units
            reasons.append(f"its unit stands in the column '{units}', row by row")
        elif whole and _is_amount(column):
            unit_column = REMARK
            reasons.append(f"its unit is in the remark above the table: {whole}")
        elif whole:
            reasons.append(f"the remark '{whole}' above the table is not taken for a count: ask the owner")
        if unit_column or (unit and (unit_of(unit) or ("", 1))[1] != 1):
            kind, sql_type = "number", MEASURE
    return ColumnHint(
        column.title,
        kind,
        cells.source_format,
        sql_type=sql_type,
        unit=unit,
        unit_column=unit_column,
        marked=cells.marked,
        privacy=personal_hint(column.title),
        name=column.name,
        reasons=tuple(reasons),
    )


def _is_amount(column: TableColumn) -> bool:
    """Whether its heading speaks of money and leaves the unit to a remark."""
    measured = column.cells.logical_type in ("integer", "number")
    return measured and column.unit is None and bool(set(words(column.title)) & _MONEY)


def _column(landed: str, hint: ColumnHint) -> Column:
    return Column(
        name=hint.name or landed,
        source_name=landed,
        title=hint.title,
        logical_type=hint.logical_type,
        sql_type="text",
        classification="internal",
        source_format=hint.source_format,
    )
