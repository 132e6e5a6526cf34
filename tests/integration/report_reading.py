"""What a reader finds in each format of a report."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import Any

import docx
import openpyxl
import pypdfium2
from docx.oxml.ns import qn

from kho.report.document import Document, Figures, Heading, Paragraph, Table


def squeezed(text: str) -> str:
    """Without any space: where lines break is the format's own matter."""
    return re.sub(r"[\s\u200b]+", "", text)


def said(document: Document) -> list[str]:
    """Every line that the printed document says, in order, a cell's lines one by one."""
    lines: list[str] = ["".join(run.text for run in document.opening)]
    for part in document.parts:
        lines.append(part.title)
        for block in part.blocks:
            if isinstance(block, Heading):
                lines.append(f"{block.label} {block.text}")
            elif isinstance(block, Paragraph):
                lines.append("".join(run.text for run in block.line))
            elif isinstance(block, Figures):
                lines += [text for item in block.items for text in item]
            elif isinstance(block, Table):
                lines += [column.title for column in block.columns]
                cells = (cell for row in block.rows for cell in row.cells)
                lines += ["".join(run.text for run in line) for cell in cells for line in cell.lines]
    return [line for line in lines if line]


def rows_of(document: Document) -> list[list[list[str]]]:
    """The printed tables, head first, cells without spaces."""
    tables = []
    for part in document.parts:
        for table in part.tables:
            head = [squeezed(column.title) for column in table.columns]
            tables.append([head, *([squeezed(cell.text) for cell in row.cells] for row in table.rows)])
    return tables


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._inside = any(name == "data-name" for name, _ in attrs)
            if self._inside:
                self.tables.append([])
        elif self._inside and tag == "tr":
            self.tables[-1].append([])
        elif self._inside and tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_data(self, data: str) -> None:
        if self._inside and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += squeezed(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "table"


def html_rows(page: bytes) -> list[list[list[str]]]:
    parser = _Tables()
    parser.feed(page.decode())
    return parser.tables


def docx_rows(content: bytes) -> list[list[list[str]]]:
    """All tables of the file with borders: those of the letter have none."""
    file = docx.Document(io.BytesIO(content))
    found = []
    for table in file.tables:
        if table._tbl.tblPr.find(f".//{qn('w:insideH')}").get(qn("w:val")) != "nil":
            rows = [[squeezed(_words(cell)) for cell in row.tc_lst] for row in table._tbl.tr_lst]
            found.append(rows)
    return found


def docx_lines(content: bytes) -> list[str]:
    """The paragraphs of the whole file, tables included, in order."""
    body = docx.Document(io.BytesIO(content)).element.body
    return [_words(paragraph) for paragraph in body.iter(qn("w:p"))]


def _words(element: Any) -> str:
    return "".join(node.text or "" for node in element.iter(qn("w:t")))


def pdf_pages(content: bytes) -> list[str]:
    pages = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_bounded() for page in pages]


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    """The values of each sheet."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
