"""The document as DOCX, to be edited and signed.

In: a `Document`. Out: a Word file in the layout of Decree 30/2020/NĐ-CP; the same document gives the same
bytes.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

import docx
from docx.enum.section import WD_SECTION
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from kho.report.document import Block, Chart, Figures, Heading, Paragraph, Section, Table, run
from kho.report.formats import paper
from kho.report.formats.charts import chart_png
from kho.report.formats.docx_letter import address_xml, closing_xml, letterhead_xml, subject_xml
from kho.report.formats.letter import basis_lines
from kho.report.formats.wordml import (
    NAMESPACES,
    cell_xml,
    line_xml,
    paragraph_xml,
    row_xml,
    run_xml,
    table_xml,
    twips,
)

if TYPE_CHECKING:
    from kho.report.document import Document
    from kho.settings import Settings

_BEGINNING = (1980, 1, 1, 0, 0, 0)
_BODY_SPACING = (
    f'<w:spacing w:before="0" w:after="{paper.AFTER_PARAGRAPH_PT * 20}" '
    f'w:line="{round(240 * paper.LINE_SPACING)}" w:lineRule="auto"/>'
)
_NOTE_SPACING = '<w:spacing w:before="0" w:after="160" w:line="252" w:lineRule="auto"/>'
_GAP = '<w:spacing w:before="0" w:after="0" w:line="120" w:lineRule="exact"/>'
_INDENT = f'<w:ind w:firstLine="{twips(paper.INDENT_MM)}"/>'


def render_docx(document: Document, settings: Settings) -> bytes:
    """The document, letter and printed annexes."""
    word = _Word(document, settings)
    word.letter()
    for annex in document.printed_annexes:
        word.annex(annex)
    return word.packed()


class _Word:
    """The file under way."""

    def __init__(self, document: Document, settings: Settings) -> None:
        self._document, self._settings = document, settings
        self._fonts = settings.project_root / "include" / "fonts"
        self._file: Any = docx.Document()
        self._styles()
        self._page(self._file.sections[0])
        body = self._file.element.body
        for child in list(body):
            if child.tag != qn("w:sectPr"):
                body.remove(child)

    def letter(self) -> None:
        """Letterhead, text, signature."""
        document = self._document
        self._put(letterhead_xml(document, self._fonts))
        self._put(*subject_xml(document, self._fonts))
        self._put(address_xml(document.letterhead))
        for basis in basis_lines(document.letterhead):
            self._body(run_xml(run(basis), paper.BODY_PT, italic=True))
        self._body(line_xml(document.opening, paper.BODY_PT))
        for section in document.sections:
            self._heading(1, f"{section.label}. {section.title}")
            for block in section.blocks:
                self._block(block)
        self._body(line_xml(document.closing, paper.BODY_PT), keep=True)
        self._put(closing_xml(document.letterhead))

    def annex(self, annex: Section) -> None:
        """An annex with pages of its own."""
        section = self._file.add_section(WD_SECTION.NEW_PAGE)
        numbers = section._sectPr.find(qn("w:pgNumType"))  # noqa: SLF001 - python-docx has no name for it
        if numbers is None:
            numbers = parse_xml(f'<w:pgNumType {NAMESPACES} w:start="1"/>')
            section._sectPr.append(numbers)  # noqa: SLF001
        for text, caps in ((f"Phụ lục {annex.label}", False), (annex.title, True)):
            content = run_xml(run(text), paper.BODY_PT, bold=True, caps=caps)
            style = "Heading1" if caps else ""
            self._put(
                paragraph_xml(content, align="center", extra="<w:keepNext/>", style=style, namespaces=True)
            )
        for block in annex.blocks:
            if isinstance(block, Paragraph) and block.note:
                content = line_xml(block.line, paper.NOTE_PT, italic=True)
                self._put(paragraph_xml(content, align="center", spacing=_NOTE_SPACING, namespaces=True))
            else:
                self._block(block)

    def packed(self) -> bytes:
        """The file's bytes, without the time of writing."""
        moment = datetime.combine(self._document.as_of, time.min, UTC)
        properties = self._file.core_properties
        properties.title, properties.author = self._document.title, self._document.letterhead.issuer
        properties.last_modified_by, properties.comments = self._document.letterhead.issuer, ""
        properties.created = properties.modified = moment
        properties.language, properties.revision = "vi-VN", 1
        raw, fixed = io.BytesIO(), io.BytesIO()
        self._file.save(raw)
        with zipfile.ZipFile(raw) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
            for name in source.namelist():
                entry = zipfile.ZipInfo(name, _BEGINNING)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                target.writestr(entry, source.read(name))
        return fixed.getvalue()

    def _block(self, block: Block) -> None:
        if isinstance(block, Heading):
            self._heading(block.level, f"{block.label} {block.text}")
        elif isinstance(block, Paragraph) and block.note:
            content = line_xml(block.line, paper.NOTE_PT)
            self._put(paragraph_xml(content, align="both", spacing=_NOTE_SPACING, namespaces=True))
        elif isinstance(block, Paragraph):
            self._body(line_xml(block.line, paper.BODY_PT))
        elif isinstance(block, Figures):
            self._put(_figures(block), self._gap())
        elif isinstance(block, Table):
            self._put(_table(block), self._gap())
        else:
            self._chart(block)

    def _body(self, content: str, *, keep: bool = False) -> None:
        extra = "<w:keepNext/>" if keep else ""
        self._put(
            paragraph_xml(
                content, align="both", spacing=_BODY_SPACING, indent=_INDENT, extra=extra, namespaces=True
            )
        )

    def _heading(self, level: int, text: str) -> None:
        content = run_xml(run(text), paper.BODY_PT, bold=level < 3, caps=level == 1)
        spacing = f'<w:spacing w:before="{160 if level == 1 else 120}" w:after="120"/>'
        self._put(
            paragraph_xml(
                content,
                align="both",
                style=f"Heading{level}",
                extra="<w:keepNext/>",
                spacing=spacing,
                indent=_INDENT,
                namespaces=True,
            )
        )

    def _gap(self) -> str:
        """Word joins tables that touch."""
        return paragraph_xml("", spacing=_GAP, namespaces=True)

    def _chart(self, chart: Chart) -> None:
        paragraph = self._file.add_paragraph()
        picture = paragraph.add_run().add_picture(
            io.BytesIO(chart_png(chart, self._settings)), width=Mm(paper.TEXT_WIDTH_MM - 2)
        )
        for side in ("distT", "distB", "distL", "distR"):
            picture._inline.set(side, "0")  # noqa: SLF001
        described = picture._inline.docPr  # noqa: SLF001 - python-docx has no name for the alternative text
        described.set("descr", chart.alt)
        described.set("name", chart.name)

    def _put(self, *elements: str) -> None:
        body = self._file.element.body
        for element in elements:
            body.insert_element_before(parse_xml(element), "w:sectPr")

    def _styles(self) -> None:
        for name in ("Normal", "Heading 1", "Heading 2", "Heading 3", "Header"):
            style = self._file.styles[name]
            style.font.name, style.font.size = paper.FONT, Pt(paper.BODY_PT)
            style.font.color.rgb, style.font.italic = RGBColor(0, 0, 0), False
            fonts = style.element.rPr.rFonts
            for key in list(fonts.attrib):
                if key.endswith("Theme"):
                    del fonts.attrib[key]
            for key in ("ascii", "hAnsi", "eastAsia", "cs"):
                fonts.set(qn(f"w:{key}"), paper.FONT)
        normal = self._file.styles["Normal"]
        language = parse_xml(f'<w:lang {NAMESPACES} w:val="vi-VN" w:eastAsia="vi-VN" w:bidi="ar-SA"/>')
        normal.element.rPr.append(language)

    def _page(self, section: Any) -> None:
        section.page_width, section.page_height = Mm(paper.PAGE_WIDTH_MM), Mm(paper.PAGE_HEIGHT_MM)
        section.top_margin, section.bottom_margin = Mm(paper.TOP_MM), Mm(paper.BOTTOM_MM)
        section.left_margin, section.right_margin = Mm(paper.LEFT_MM), Mm(paper.RIGHT_MM)
        section.header_distance, section.footer_distance = Mm(paper.HEADER_MM), Mm(paper.HEADER_MM)
        section.different_first_page_header_footer = True
        header = section.header
        header.is_linked_to_previous = False
        size = paper.PAGE_NUMBER_PT
        begin, code, end = (
            f'<w:r><w:rPr><w:sz w:val="{size * 2}"/></w:rPr>{part}</w:r>'
            for part in (
                '<w:fldChar w:fldCharType="begin"/>',
                '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
                '<w:fldChar w:fldCharType="end"/>',
            )
        )
        field = paragraph_xml(begin + code + end, align="center", style="Header", namespaces=True)
        for old in list(header._element):  # noqa: SLF001 - to replace the empty paragraph
            header._element.remove(old)  # noqa: SLF001
        header._element.append(parse_xml(field))  # noqa: SLF001


def _figures(block: Figures) -> str:
    width = paper.TEXT_WIDTH_MM / len(block.items)
    cells = "".join(
        cell_xml(
            (
                paragraph_xml(run_xml(run(number), 18, bold=True), align="center"),
                paragraph_xml(run_xml(run(caption), paper.TABLE_PT), align="center"),
            ),
            width,
        )
        for number, caption in block.items
    )
    return table_xml([row_xml(cells)], [width] * len(block.items), borders=True)


def _table(table: Table) -> str:
    widths = table.widths(paper.TEXT_WIDTH_MM)
    size = paper.DENSE_PT if table.dense else paper.TABLE_PT
    head = "".join(
        cell_xml(
            [paragraph_xml(run_xml(run(column.title), size, bold=True), align="center")],
            width,
            shade=paper.HEAD_SHADE,
            middle=True,
        )
        for column, width in zip(table.columns, widths, strict=True)
    )
    rows = [row_xml(head, heads=True)]
    for row in table.rows:
        cells, column = "", 0
        for cell in row.cells:
            shade = paper.SHADES.get(cell.band) or (paper.SUM_SHADE if row.kind == "sum" else "")
            align = cell.align or table.columns[column].align
            cells += cell_xml(
                (
                    paragraph_xml(
                        line_xml(line, size, dense=table.dense, bold=row.kind == "sum"), align=align
                    )
                    for line in cell.lines
                ),
                sum(widths[column : column + cell.span]),
                span=cell.span,
                shade=shade,
                middle=table.dense,
                top=12 if row.kind == "apart" else 0,
            )
            column += cell.span
        rows.append(row_xml(cells))
    return table_xml(rows, widths, borders=True, padding_mm=0.5 if table.dense else 1.0)
