"""What a report says about one agency.

In: a document and an agency's code. Out: a document whose tables have that agency's rows and nobody else's;
the platform's lines, sums of all agencies and sentences about others are left out.
"""

from __future__ import annotations

from dataclasses import replace

from kho.report.compose.outline import roman
from kho.report.document import Document, Section, Table


def extract_for(document: Document, agency_code: str) -> Document | None:
    """The extract of an agency; None if the report says nothing about it."""
    if not agency_code:
        return None
    kept: list[Section] = []
    for annex in document.annexes:
        tables = tuple(filter(None, (_own(table, agency_code) for table in annex.tables)))
        if tables:
            kept.append(Section(roman(len(kept) + 1), annex.title, tables))
    if not kept:
        return None
    title = f"{document.title} (trích)"
    return replace(document, title=title, sections=(), annexes=tuple(kept), changes=None)


def _own(table: Table, agency_code: str) -> Table | None:
    rows = tuple(row for row in table.rows if row.agency == agency_code)
    return replace(table, rows=rows) if rows else None
