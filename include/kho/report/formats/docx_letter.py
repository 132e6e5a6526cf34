"""The fixed parts of the letter in WordprocessingML: letterhead, subject, addressees, signature.

In: a document, its letterhead. Out: XML. Rules are borders of empty paragraphs, as wide as they have to be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kho.report.document import run
from kho.report.formats import paper
from kho.report.formats.letter import addressee_lines, number_line, recipient_lines
from kho.report.formats.measuring import text_width_mm
from kho.report.formats.wordml import (
    NAMESPACES,
    cell_xml,
    paragraph_xml,
    row_xml,
    rule_xml,
    run_xml,
    table_xml,
)

if TYPE_CHECKING:
    from kho.report.config import Letterhead
    from kho.report.document import Document

_LEFT = paper.TEXT_WIDTH_MM * paper.LETTERHEAD_SHARE
_RIGHT = paper.TEXT_WIDTH_MM - _LEFT
_BEFORE = '<w:spacing w:before="{}" w:after="{}" w:line="240" w:lineRule="auto"/>'
_NAME_GAP_PT = 68
"""Room for signature and seal."""


def letterhead_xml(document: Document, fonts: Path) -> str:
    """Issuer and nation, each with its rule; number and date level with each other."""
    head = document.letterhead
    issuer = min(_LEFT, text_width_mm(head.issuer.upper(), paper.ISSUER_PT, fonts))
    motto = text_width_mm(paper.MOTTO, paper.MOTTO_PT, fonts)
    left = (
        _centred(head.parent, paper.ISSUER_PT, caps=True),
        _centred(head.issuer, paper.ISSUER_PT, bold=True, caps=True),
        rule_xml(issuer * paper.ISSUER_RULE_SHARE, _LEFT),
    )
    right = (
        _centred(paper.NATION, paper.NATION_PT, bold=True),
        _centred(paper.MOTTO, paper.MOTTO_PT, bold=True),
        rule_xml(motto, _RIGHT),
    )
    number = _centred(number_line(document), paper.NUMBER_PT, before=80)
    date = _centred(f"{document.place}, {document.dated}", paper.NUMBER_PT, italic=True, before=80)
    rows = [
        row_xml(cell_xml(left, _LEFT) + cell_xml(right, _RIGHT)),
        row_xml(cell_xml([number], _LEFT) + cell_xml([date], _RIGHT)),
    ]
    return table_xml(rows, (_LEFT, _RIGHT), borders=False, padding_mm=0)


def subject_xml(document: Document, fonts: Path) -> tuple[str, ...]:
    """BÁO CÁO, what about, and a rule."""
    first = min(paper.TEXT_WIDTH_MM, text_width_mm(document.subject[0], paper.BODY_PT, fonts))
    lines = (
        _centred(text, paper.BODY_PT, bold=True, before=360 if not at else 0)
        for at, text in enumerate(("BÁO CÁO", *document.subject))
    )
    rule = rule_xml(first * paper.SUBJECT_RULE_SHARE, paper.TEXT_WIDTH_MM)
    return tuple(_rooted(part) for part in (*lines, rule))


def address_xml(head: Letterhead) -> str:
    """'Kính gửi:' and the addressees, level with it."""
    lines = (
        paragraph_xml(run_xml(run(text), paper.BODY_PT), spacing=_BEFORE.format(0, 40))
        for text in addressee_lines(head)
    )
    label = paragraph_xml(run_xml(run("Kính gửi: "), paper.BODY_PT), align="right")
    widths = (paper.ADDRESS_MM, paper.TEXT_WIDTH_MM - paper.ADDRESS_MM)
    gap = paragraph_xml("", spacing='<w:spacing w:before="0" w:after="0" w:line="160" w:lineRule="exact"/>')
    empty = "".join(cell_xml([gap], width) for width in widths)
    row = row_xml(cell_xml([label], widths[0]) + cell_xml(lines, widths[1]))
    return table_xml([row_xml(empty), row, row_xml(empty)], widths, borders=False)


def closing_xml(head: Letterhead) -> str:
    """Recipients on the left, authority, title and name on the right, level with each other."""
    half = paper.TEXT_WIDTH_MM / 2
    title = run_xml(run("Nơi nhận:"), paper.RECIPIENTS_PT, bold=True, italic=True)
    left = (
        paragraph_xml(title),
        *(paragraph_xml(run_xml(run(text), paper.RECIPIENT_LIST_PT)) for text in recipient_lines(head)),
    )
    titles = [text for text in (head.authority, head.signer_title) if text]
    right = (
        *(_centred(text, paper.BODY_PT, bold=True, caps=True) for text in titles),
        paragraph_xml("", spacing=_BEFORE.format(_NAME_GAP_PT * 20, 0)),
        _centred(head.signer_name or "", paper.BODY_PT, bold=True),
    )
    row = row_xml(cell_xml(left, half) + cell_xml(right, half))
    return table_xml([row], (half, half), borders=False)


def _centred(
    text: str, size: float, *, bold: bool = False, italic: bool = False, caps: bool = False, before: int = 0
) -> str:
    content = run_xml(run(text.replace("\u00a0", " ")), size, bold=bold, italic=italic, caps=caps)
    return paragraph_xml(content, align="center", spacing=_BEFORE.format(before, 0))


def _rooted(paragraph: str) -> str:
    """The paragraph as a document of its own."""
    return paragraph.replace("<w:p>", f"<w:p {NAMESPACES}>", 1)
