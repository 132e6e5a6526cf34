"""WordprocessingML for paragraphs and tables.

In: runs, cells, measures. Out: XML text, every value escaped. python-docx opens, parts and packs the file;
its own way to fill a table is quadratic in its cells, so a table is written whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from docx.oxml.ns import nsdecls

from kho.report.document import Line, Run
from kho.report.formats import paper

NAMESPACES = nsdecls("w")
_TWIPS_PER_MM = 1440 / 25.4
_JUSTIFY = {"left": "left", "center": "center", "right": "right", "both": "both"}
NO_SPACE = '<w:spacing w:before="0" w:after="0" w:line="240" w:lineRule="auto"/>'


# The mark of a paragraph without text is as high as its font.
_EMPTY = f'<w:p><w:pPr>{NO_SPACE}<w:rPr><w:sz w:val="16"/></w:rPr></w:pPr></w:p>'


def twips(millimetres: float) -> int:
    return round(millimetres * _TWIPS_PER_MM)


def half_points(points: float) -> int:
    return round(points * 2)


def run_xml(run: Run, size: float, *, bold: bool = False, italic: bool = False, caps: bool = False) -> str:
    """One run; `size` in points."""
    marks = (
        ("<w:b/>" if bold or run.bold else "")
        + ("<w:i/>" if italic or run.italic else "")
        + ("<w:caps/>" if caps else "")
    )
    properties = (
        f'<w:rPr>{marks}<w:sz w:val="{half_points(size)}"/><w:szCs w:val="{half_points(size)}"/></w:rPr>'
    )
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(run.text)}</w:t></w:r>'


def line_xml(
    line: Line, size: float, *, dense: bool = False, bold: bool = False, italic: bool = False
) -> str:
    """The runs of a line; side remarks are set smaller."""
    small = paper.DENSE_SMALL_PT if dense else paper.SMALL_PT
    return "".join(
        run_xml(
            run,
            paper.TECHNICAL_PT if run.technical else small if run.small else size,
            bold=bold,
            italic=italic,
        )
        for run in line
    )


def paragraph_xml(
    content: str,
    *,
    align: str = "left",
    spacing: str = NO_SPACE,
    extra: str = "",
    indent: str = "",
    style: str = "",
    namespaces: bool = False,
) -> str:
    """A paragraph of finished runs; `extra` are properties that stand before its spacing."""
    name = f'<w:pStyle w:val="{style}"/>' if style else ""
    declared = f" {NAMESPACES}" if namespaces else ""
    return (
        f"<w:p{declared}><w:pPr>{name}{extra}{spacing}{indent}"
        f'<w:jc w:val="{_JUSTIFY[align]}"/></w:pPr>{content}</w:p>'
    )


def rule_xml(length_mm: float, whole_mm: float, *, points: float = 0.75) -> str:
    """A solid rule `length_mm` long in the middle of `whole_mm`: the border of an empty paragraph."""
    side = twips(max(0.0, whole_mm - length_mm) / 2)
    border = (
        f'<w:pBdr><w:top w:val="single" w:sz="{round(points * 8)}" w:space="1" w:color="000000"/></w:pBdr>'
    )
    return paragraph_xml(
        "",
        align="center",
        extra=border,
        spacing='<w:spacing w:before="60" w:after="0" w:line="60" w:lineRule="exact"/>',
        indent=f'<w:ind w:left="{side}" w:right="{side}" w:firstLine="0"/>',
    )


def cell_xml(
    paragraphs: Iterable[str],
    width_mm: float,
    *,
    span: int = 1,
    shade: str = "",
    middle: bool = False,
    top: int = 0,
) -> str:
    """A cell; it needs a paragraph. `top` is a thicker upper border in eighths of a point."""
    content = "".join(paragraphs) or _EMPTY
    properties = (
        f'<w:tcW w:w="{twips(width_mm)}" w:type="dxa"/>'
        + (f'<w:gridSpan w:val="{span}"/>' if span > 1 else "")
        + (f'<w:tcBorders><w:top w:val="single" w:sz="{top}" w:color="000000"/></w:tcBorders>' if top else "")
        + (f'<w:shd w:val="clear" w:color="auto" w:fill="{shade}"/>' if shade else "")
        + ('<w:vAlign w:val="center"/>' if middle else "")
    )
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def row_xml(cells: str, *, heads: bool = False) -> str:
    """A row that no page break splits; a head is repeated on every page."""
    repeated = "<w:tblHeader/>" if heads else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{cells}</w:tr>"


def table_xml(
    rows: Iterable[str], widths_mm: Iterable[float], *, borders: bool, padding_mm: float = 1.0
) -> str:
    """A table of fixed widths."""
    widths = [twips(width) for width in widths_mm]
    line = 'w:val="single" w:sz="4" w:space="0" w:color="555555"' if borders else 'w:val="nil"'
    edges = "".join(
        f"<w:{name} {line}/>" for name in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    side = twips(padding_mm)
    return (
        f'<w:tbl {NAMESPACES}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblInd w:w="0" w:type="dxa"/>'
        f"<w:tblBorders>{edges}</w:tblBorders>"
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="{side}" w:type="dxa"/>'
        f'<w:right w:w="{side}" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>'
        + "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        + f"</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
