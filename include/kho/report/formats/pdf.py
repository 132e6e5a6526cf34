"""The document as PDF: the same layout as DOCX, for reading and for the archive (PDF/A-2u).

In: a `Document`. Out: PDF with its fonts inside; the same document gives the same bytes.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING, Any

import msgspec

from kho.report.document import Block, Chart, Section, Table
from kho.report.formats import paper
from kho.report.formats.charts import plain_chart
from kho.report.formats.letter import addressee_lines, basis_lines, number_line, recipient_lines
from kho.report.formats.typesetting import set_template

if TYPE_CHECKING:
    from kho.report.document import Document
    from kho.settings import Settings

_TEMPLATE = "quality_report.typ"


def render_pdf(document: Document, settings: Settings) -> bytes:
    """The document, letter and printed annexes."""
    moment = calendar.timegm(document.as_of.timetuple())
    return set_template(_TEMPLATE, _values(document), settings, to="pdf", timestamp=moment)


def _values(document: Document) -> dict[str, Any]:
    head = document.letterhead
    return {
        "paper": {name.lower(): value for name, value in vars(paper).items() if name.isupper()}
        | {"font": paper.DRAWN_FONT},
        "as_of": document.as_of.isoformat(),
        "title": document.title,
        "letterhead": {"parent": head.parent, "issuer": head.issuer, "signer_name": head.signer_name},
        "number_line": number_line(document),
        "date_line": f"{document.place}, {document.dated}",
        "subject": document.subject,
        "addressees": addressee_lines(head),
        "legal_bases": basis_lines(head),
        "opening": msgspec.to_builtins(document.opening),
        "sections": [_section(section) for section in document.sections],
        "closing": msgspec.to_builtins(document.closing),
        "recipients": recipient_lines(head),
        "signature": [title for title in (head.authority, head.signer_title) if title],
        "annexes": [_section(annex) for annex in document.printed_annexes],
    }


def _section(section: Section) -> dict[str, Any]:
    return {"label": section.label, "title": section.title, "blocks": [_block(one) for one in section.blocks]}


def _block(block: Block) -> dict[str, Any]:
    kind = type(block).__name__
    if isinstance(block, Chart):
        return {"type": kind, "chart": plain_chart(block)}
    values: dict[str, Any] = msgspec.to_builtins(block)
    if isinstance(block, Table):
        values["widths"] = block.widths(paper.TEXT_WIDTH_MM)
    return values | {"type": kind}
