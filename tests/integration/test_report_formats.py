"""One report, four formats: they say the same, in the layout of an official document, and do no harm."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import docx
import openpyxl
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import sqlalchemy as sa
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from kho.report.bands import GREEN, Tally
from kho.report.compose import cells, compose
from kho.report.document import CENTRE, Column, Document, Row, Section, Table, cell, line, note
from kho.report.files import FORMATS, write_report_files
from kho.report.formats import paper
from kho.report.formats.docx import render_docx
from kho.report.formats.html import render_html
from kho.report.formats.measuring import text_width_mm
from kho.report.formats.pdf import render_pdf
from kho.report.formats.xlsx import render_xlsx
from kho.report.quality_report import Report, read_report
from kho.report.scores import Cell
from kho.server.warehouse import open_warehouse
from kho.settings import Settings
from tests.integration.embedded import EMPTY, copy_database
from tests.integration.report_reading import (
    docx_lines,
    docx_rows,
    html_rows,
    pdf_pages,
    rows_of,
    said,
    sheets,
    squeezed,
)
from tests.integration.report_warehouse import (
    BEFORE,
    DOSSIERS,
    HOSTILE,
    NIGHT,
    add_night,
    fill_two_nights,
)

GOLDEN = Path(__file__).parents[1] / "fixtures" / "report_golden.txt"
POINTS_PER_MM = 72 / 25.4


@pytest.fixture(scope="module")
def warehouse(empty_warehouse: tuple, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """Engine and settings of a warehouse with two nights in it."""
    _, server, engine = empty_warehouse
    name = f"report_{uuid4().hex[:8]}"
    engine.dispose()
    copy_database(server, EMPTY, name)
    url = server.url(name).render_as_string(hide_password=False)
    own = Settings(home=tmp_path_factory.mktemp("home"), warehouse_url=url)
    filled = open_warehouse(own)
    with filled.begin() as db:
        fill_two_nights(db)
    yield filled, own
    filled.dispose()


@pytest.fixture(scope="module")
def settings(warehouse: tuple) -> Settings:
    return warehouse[1]


@pytest.fixture(scope="module")
def report(warehouse: tuple) -> Report:
    """The month's, which prints its annexes."""
    return read_report(*warehouse[:1], NIGHT, warehouse[1], "monthly")


@pytest.fixture(scope="module")
def document(report: Report) -> Document:
    return compose(report)


@pytest.fixture(scope="module")
def made(document: Document, settings: Settings) -> Mapping[str, bytes]:
    return rendered(document, settings)


def rendered(document: Document, settings: Settings) -> Mapping[str, bytes]:
    return {
        "html": render_html(document, settings),
        "docx": render_docx(document, settings),
        "pdf": render_pdf(document, settings),
        "xlsx": render_xlsx(document),
    }


# They say the same.


def test_every_table_of_the_page_and_of_the_word_file_is_the_documents(
    document: Document, made: Mapping[str, bytes]
) -> None:
    wanted = rows_of(document)
    assert len(wanted) > 10
    assert html_rows(made["html"]) == wanted
    figures = 1
    assert docx_rows(made["docx"])[figures:] == wanted


def test_the_pdf_says_every_line_in_order(document: Document, made: Mapping[str, bytes]) -> None:
    text = squeezed("".join(pdf_pages(made["pdf"]))).casefold()
    for part in said(document):
        assert squeezed(part).casefold() in text
    assert "□" not in text


def test_the_word_file_says_every_line(document: Document, made: Mapping[str, bytes]) -> None:
    text = squeezed("".join(docx_lines(made["docx"]))).casefold()
    for part in said(document):
        assert squeezed(part).casefold() in text


def test_the_workbook_has_each_annex_with_numbers_as_numbers(
    document: Document, made: Mapping[str, bytes]
) -> None:
    found = sheets(made["xlsx"])
    assert list(found) == ["Danh mục", *(f"Phụ lục {annex.label}" for annex in document.annexes)]
    numbers = 0
    for annex in document.annexes:
        (table,) = annex.tables
        for row, shown in zip(table.rows, found[f"Phụ lục {annex.label}"][4:], strict=True):
            column = 0
            for one in row.cells:
                value = shown[column]
                if isinstance(value, datetime):
                    assert value.date() == one.value
                elif isinstance(value, (int, float)):
                    numbers += 1
                    assert Decimal(str(value)) == one.value
                else:
                    assert squeezed(value or "").replace(";", "") == squeezed(one.text).replace(";", "")
                column += one.span
    assert numbers > 30


def test_the_numbers_are_those_of_dq_and_mart(warehouse: tuple, document: Document) -> None:
    engine, _ = warehouse
    with engine.connect() as db:
        principles = dict(
            db.execute(
                sa.text(
                    "SELECT p.title_vi, floor(10000.0 * (sum(s.evaluated) - sum(s.failed)) "
                    "/ sum(s.evaluated)) / 100 FROM dq.score AS s JOIN dq.principle AS p USING (principle) "
                    "WHERE (s.dataset, s.as_of) IN (SELECT dataset, max(as_of) FROM dq.score GROUP BY dataset) "
                    "GROUP BY p.title_vi"
                )
            ).all()
        )
        equation = db.execute(
            sa.text(
                "SELECT fetched, accepted, quarantined, duplicates, loaded FROM dq.reconciliation "
                "WHERE batch_id LIKE :b"
            ),
            {"b": f"{DOSSIERS}-20261120%"},
        ).one()
        waiting = db.scalar(sa.text("SELECT count(*) FROM dq.quarantine WHERE status = 'open'"))
        tasks = db.scalar(
            sa.text("SELECT count(*) FROM mart.plan_task WHERE deadline_date < :n"), {"n": NIGHT}
        )
        missing = db.scalar(
            sa.text("SELECT count(*) FROM dq.submission_on(:n) WHERE state = 'not_reported' AND due_on < :n"),
            {"n": NIGHT},
        )
    tables = {table.name: table for part in document.parts for table in part.tables}
    shown = {row.cells[0].text: row.cells[2].value for row in tables["principles"].rows if len(row.cells) > 3}
    assert shown == principles
    (total,) = [row for row in tables["reconciliation"].rows if row.kind == "sum"]
    assert tuple(one.value for one in total.cells[1:6]) == tuple(equation)
    assert tables["backlog"].rows[-1].cells[3].value == waiting
    assert sum(row.cells[2].value for row in tables["critical"].rows) == waiting
    assert len(tables["overdue_tasks"].rows) == tasks
    assert sum(row.cells[4].value for row in tables["missing_reports"].rows) == missing


def test_the_trend_ends_where_the_scores_stand(report: Report) -> None:
    assert report.trend.nights == (BEFORE, NIGHT)
    for principle, _, found in report.scores.principles:
        points = report.trend.points.get(principle, (None,))
        assert points[-1] == (found.score if found else None)


# The layout of an official document.


def test_the_word_file_has_the_measures_of_the_decree(made: Mapping[str, bytes]) -> None:
    file = docx.Document(io.BytesIO(made["docx"]))
    for section in file.sections:
        size = (section.page_width / Mm(1), section.page_height / Mm(1))
        assert size == pytest.approx((210, 297), abs=0.05)
        assert Mm(20) <= section.top_margin <= Mm(25)
        assert Mm(20) <= section.bottom_margin <= Mm(25)
        assert Mm(30) <= section.left_margin <= Mm(35)
        assert Mm(15) <= section.right_margin <= Mm(20)
        assert section.different_first_page_header_footer
        assert not "".join(p.text for p in section.first_page_header.paragraphs)
        (number,) = section.header.paragraphs
        assert number.alignment == 1
        assert "PAGE" in "".join(node.text for node in number._p.iter(qn("w:instrText")))
        assert 13 <= number.runs[0].font.size.pt <= 14
        assert section.header_distance < section.top_margin
    normal = file.styles["Normal"]
    assert (normal.font.name, normal.font.size) == ("Times New Roman", Pt(14))
    fonts = {node.get(qn("w:ascii")) for node in file.element.body.iter(qn("w:rFonts"))}
    assert fonts <= {"Times New Roman"}
    colours = {node.get(qn("w:val")) for node in file.element.body.iter(qn("w:color"))}
    assert colours <= {"000000"}


def test_the_letterhead_is_a_table_without_borders_whose_rules_are_borders_of_paragraphs(
    made: Mapping[str, bytes], settings: Settings
) -> None:
    file = docx.Document(io.BytesIO(made["docx"]))
    head = file.tables[0]
    borders = head._tbl.tblPr.find(qn("w:tblBorders"))
    assert {edge.get(qn("w:val")) for edge in borders} == {"nil"}
    assert not list(head._tbl.iter(qn("w:u")))
    left, right = head.rows[0].cells
    assert [p.text for p in left.paragraphs] == ["UBND tỉnh Quảng Ngãi", "Sở Khoa học và Công nghệ", ""]
    assert [p.text for p in right.paragraphs] == [paper.NATION, paper.MOTTO, ""]
    assert [p.runs[0].font.bold for p in left.paragraphs[:2]] == [None, True]
    assert [p.runs[0].font.size.pt for p in right.paragraphs[:2]] == [12, 13]
    assert all(p.runs[0].font.all_caps for p in left.paragraphs[:2])
    fonts = settings.project_root / "include" / "fonts"
    motto = text_width_mm(paper.MOTTO, paper.MOTTO_PT, fonts)
    issuer = text_width_mm("SỞ KHOA HỌC VÀ CÔNG NGHỆ", paper.ISSUER_PT, fonts)
    assert text_width_mm(paper.NATION, paper.NATION_PT, fonts) < right.width / Mm(1) - 1
    assert _rule(right) == pytest.approx(motto, abs=0.2)
    assert issuer / 3 <= _rule(left) <= issuer / 2
    number, dated = (one.paragraphs[0] for one in head.rows[1].cells)
    assert re.fullmatch(r"Số: +/BC-SKHCN", number.text)
    assert (dated.text, dated.runs[0].font.italic) == ("Quảng Ngãi, ngày 20 tháng 11 năm 2026", True)


def test_the_parts_of_the_letter_are_in_order_and_numbered(
    made: Mapping[str, bytes], document: Document
) -> None:
    lines = docx_lines(made["docx"])
    parts = [
        "BÁO CÁO", "Kính gửi: ", "Căn cứ Luật Dữ liệu số 60/2024/QH15;", "I. Tóm tắt", "1. Kết luận", "2. Kết quả của đêm cuối kỳ",
        "II. Điểm theo nguyên tắc", "III. Quy tắc bị vi phạm nhiều nhất", "IV. Đối soát", "V. Quá hạn",
        "VI. Tiến độ chỉ tiêu và nhiệm vụ kế hoạch", "Nơi nhận:", "- Lưu: VT, CĐS.", "Giám đốc", "Phụ lục I",
        "Phụ lục II",
    ]  # fmt: skip
    places = [lines.index(part) for part in parts]
    assert places == sorted(places)
    closing = next(at for at, text in enumerate(lines) if text.endswith("kính báo cáo./."))
    assert lines.index("V. Quá hạn") < closing < lines.index("Nơi nhận:")
    bases = [at for at, text in enumerate(lines) if text.startswith(("Căn cứ", "Thực hiện kết luận"))]
    assert [lines[at][-1] for at in bases] == [";", ";", "."]
    assert [annex.label for annex in document.annexes[:4]] == ["I", "II", "III", "IV"]


def test_body_headings_and_signature_are_set_as_they_should(made: Mapping[str, bytes]) -> None:
    file = docx.Document(io.BytesIO(made["docx"]))
    paragraphs = {p.text: p for p in file.paragraphs}
    basis = paragraphs["Căn cứ Luật Dữ liệu số 60/2024/QH15;"]
    assert basis.runs[0].font.italic
    body = next(p for text, p in paragraphs.items() if text.startswith("Tính đến hết đêm"))
    shape = body.paragraph_format
    assert body.alignment == 3
    assert Mm(10) <= shape.first_line_indent <= Mm(12.7) + 400
    assert shape.space_after >= Pt(6)
    assert 1 <= shape.line_spacing <= 1.5
    assert {run.font.size.pt for run in body.runs} == {14}
    first, second = paragraphs["I. Tóm tắt"], paragraphs["1. Kết luận"]
    assert (first.runs[0].font.bold, first.runs[0].font.all_caps) == (True, True)
    assert (second.runs[0].font.bold, second.runs[0].font.all_caps) == (True, None)
    end = next(t for t in file.tables if t.rows[0].cells[0].text.startswith("Nơi nhận:"))
    left, right = end.rows[0].cells
    title = left.paragraphs[0].runs[0].font
    assert (title.size.pt, title.bold, title.italic) == (12, True, True)
    assert {p.runs[0].font.size.pt for p in left.paragraphs[1:]} == {11}
    signer = right.paragraphs[0]
    assert (signer.text, signer.runs[0].font.bold, signer.runs[0].font.all_caps) == ("Giám đốc", True, True)


def test_each_annex_has_pages_of_its_own(made: Mapping[str, bytes], document: Document) -> None:
    file = docx.Document(io.BytesIO(made["docx"]))
    assert len(file.sections) == 1 + len(document.annexes)
    starts = [section._sectPr.find(qn("w:pgNumType")) for section in file.sections]
    assert [node is not None and node.get(qn("w:start")) for node in starts[1:]] == ["1"] * len(
        document.annexes
    )


def test_a_number_under_ten_is_padded_and_shown_in_every_format(report: Report, settings: Settings) -> None:
    numbered = rendered(compose(report, number="05"), settings)
    assert "Số: 05/BC-SKHCN" in docx_lines(numbered["docx"])
    assert "Số: 05/BC-SKHCN" in pdf_pages(numbered["pdf"])[0]
    assert "Số: 05/BC-SKHCN" in numbered["html"].decode()
    assert sheets(numbered["xlsx"])["Danh mục"][1][0] == "Số: 05/BC-SKHCN"


def test_the_pdf_is_paper_with_the_number_in_the_top_margin(made: Mapping[str, bytes]) -> None:
    pages = pypdfium2.PdfDocument(made["pdf"])
    first_of_annex = [at for at, text in enumerate(pdf_pages(made["pdf"])) if text.startswith("Phụ lục")]
    assert first_of_annex
    number = 0
    for at, page in enumerate(pages):
        assert page.get_size() == pytest.approx((595.28, 841.89), abs=0.1)
        number = 1 if at in first_of_annex else number + 1
        above = page.get_textpage().get_text_bounded(bottom=841.89 - 17 * POINTS_PER_MM).strip()
        assert above == ("" if number == 1 else str(number))
        boxes = [one.get_bounds() for one in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT])]
        assert min(box[0] for box in boxes) >= 30 * POINTS_PER_MM - 0.5
        assert max(box[2] for box in boxes) <= (210 - 15) * POINTS_PER_MM
        assert min(box[1] for box in boxes) >= 20 * POINTS_PER_MM - 1


def test_the_pdf_brings_its_font_and_draws_every_diacritic(settings: Settings, document: Document) -> None:
    letters = "".join(chr(code) for code in range(0x1EA0, 0x1EFA)) + "ĂăĐđĨĩŨũƠơƯưŎŏ●▲■−→“”"
    shown = replace(document, opening=line(letters), sections=(), annexes=())
    content = render_pdf(shown, settings)
    page = pypdfium2.PdfDocument(content)[0]
    assert letters in squeezed("".join(pdf_pages(content)))
    fonts = {one.get_font().get_base_name() for one in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT])}
    assert all(re.fullmatch(r"[A-Z]{6}\+Tinos.*", name) for name in fonts)
    foreign = replace(shown, opening=line("漢字 🙂 한국"))
    assert "□□□□□" in squeezed("".join(pdf_pages(render_pdf(foreign, settings))))


def test_sixty_pages_repeat_heads_number_pages_and_stay_on_the_paper(
    document: Document, settings: Settings
) -> None:
    columns = (Column("TT", 8, CENTRE), Column("Cơ quan"), Column("Việc phải làm", 60))
    words = "Ủy ban nhân dân xã Ba Tơ rà soát, sửa và gửi lại hồ sơ bị giữ"
    rows = tuple(Row((cell(str(at)), cell(words), cell("Đ" * 60))) for at in range(1, 1_300))
    long = Section("I", "Danh sách", (note("Kèm theo"), Table("long", columns, rows)))
    content = render_pdf(replace(document, annexes=(long,)), settings)
    pages = pdf_pages(content)
    start = next(at for at, text in enumerate(pages) if text.startswith("Phụ lục I"))
    assert len(pages) - start >= 60
    assert all("Việc phải làm" in text for text in pages[start:])
    assert [text.split()[0] for text in pages[start + 1 :]] == [
        str(at) for at in range(2, len(pages) - start + 1)
    ]
    last = pypdfium2.PdfDocument(content)[start + 1]
    boxes = [one.get_bounds() for one in last.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT])]
    assert max(box[2] for box in boxes) <= (210 - 18) * POINTS_PER_MM + 0.5


def test_large_numbers_of_a_score_table_stay_whole_and_apart(document: Document, settings: Settings) -> None:
    counts = ((11_801_055, 506), (3_963_723, 133), (3_572_437, 103), (999_999, 133))
    shown = [
        cells.score(
            Cell(
                Tally(checks, 0, frozenset(("d", str(at)) for at in range(rules))), Decimal(100), GREEN, None
            )
        )
        for checks, rules in counts * 2
    ]
    (table,) = (one for part in document.annexes for one in part.tables if one.name == "scores_by_agency")
    row = Row((cell("Nền tảng"), cell("–"), cell("–"), *shown))
    annex = Section("I", "Điểm", (replace(table, rows=(row,)),))
    content = render_pdf(replace(document, sections=(), annexes=(annex,)), settings)
    said_there = pdf_pages(content)[-1]
    for written in ("11,8 tr/506", "3,9 tr/133", "3,5 tr/103", "999.999/133"):
        assert said_there.count(written) == 2
    pages = pypdfium2.PdfDocument(content)
    page = pages[len(pages) - 1]
    boxes = [one.get_bounds() for one in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT])]
    lowest = min(box[1] for box in boxes)
    line_of_counts = sorted(box for box in boxes if box[1] < lowest + 1)
    assert len(line_of_counts) >= 8
    assert all(right[0] - left[2] > 1 for left, right in pairwise(line_of_counts))


# The same data gives the same bytes, and is not told twice.


def test_another_process_at_another_time_makes_the_same_bytes(
    warehouse: tuple, settings: Settings, made: Mapping[str, bytes], tmp_path: Path
) -> None:
    program = (
        "import sys, json; from datetime import date; from pathlib import Path; import sqlalchemy as sa\n"
        "from kho.settings import Settings; from kho.report.files import write_report_files\n"
        "s = Settings(home=Path(sys.argv[1]), warehouse_url=sys.argv[2])\n"
        "f = write_report_files(sa.create_engine(sys.argv[2]), date.fromisoformat(sys.argv[3]), s, 'monthly')\n"
        "print(json.dumps({k: str(v) for k, v in f.paths.items()}))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "America/Lima", "LC_ALL": "C"}
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(settings.warehouse_url), NIGHT.isoformat()],
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = json.loads(run.stdout)
    assert {name: Path(paths[name]).read_bytes() for name in FORMATS} == dict(made)


def test_a_night_without_a_change_makes_no_file(warehouse: tuple) -> None:
    engine, settings = warehouse
    first = write_report_files(engine, NIGHT, settings)
    marks = {path: path.stat().st_mtime_ns for path in first.paths.values()}
    again = write_report_files(engine, NIGHT, settings)
    assert (first.made, again.made) == (True, False)
    assert {path: path.stat().st_mtime_ns for path in again.paths.values()} == marks
    first.paths["pdf"].write_bytes(b"spoilt")
    mended = write_report_files(engine, NIGHT, settings)
    assert mended.made
    assert mended.sha256 == first.sha256


def test_the_report_of_known_data_is_the_golden_one(warehouse: tuple, settings: Settings) -> None:
    """What it says, line by line: KHO_GOLDEN=write keeps a new one after a change that is meant."""
    daily = compose(read_report(warehouse[0], NIGHT, settings))
    month = compose(read_report(warehouse[0], NIGHT, settings, "monthly"))
    text = "\n".join([daily.title, *said(daily), "", month.title, *said(month)]) + "\n"
    if os.environ.get("KHO_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


# Hostile text.


def test_hostile_text_is_harmless_in_every_format(empty_warehouse: tuple, tmp_path: Path) -> None:
    texts = (
        '=HYPERLINK("http://evil.example","x")',
        HOSTILE,
        "#eval(sys.inputs) $x$ *b* @ref <a>",
        "\u0301" * 500,
    )
    _, server, engine = empty_warehouse
    name = f"hostile_{uuid4().hex[:8]}"
    engine.dispose()
    copy_database(server, EMPTY, name)
    own = Settings(home=tmp_path, warehouse_url=server.url(name).render_as_string(hide_password=False))
    hostile = open_warehouse(own)
    with hostile.begin() as db:
        fill_two_nights(db)
        for table, columns in (
            ("dw.dim_agency", ("name_vi", "short_name")),
            ("dq.rule", ("title_vi", "remedy_vi")),
            ("meta.night", ("message", "next_step")),
            ("dw.dim_plan_task", ("name_vi", "lead_agency_raw", "plan_code")),
        ):
            for at, column in enumerate(columns):
                db.execute(sa.text(f"UPDATE {table} SET {column} = :t"), {"t": texts[at % 3] + texts[3]})
        add_night(db, HOSTILE[:200], NIGHT, "failed", message=HOSTILE)
    report = read_report(hostile, NIGHT, own, "monthly")
    hostile.dispose()
    head = {"issuer": texts[2], "signer_name": texts[0], "recipients": (HOSTILE,), "archive": texts[0]}
    report = replace(report, letterhead=report.letterhead.model_copy(update=head))
    files = rendered(compose(report), own)

    html = files["html"].decode()
    assert "<script" not in html
    assert not re.search(r"<img[^>]+(?!src=\"data:)onerror", html)
    word = "".join(docx_lines(files["docx"]))
    parts = zipfile.ZipFile(io.BytesIO(files["docx"]))
    assert not any("vba" in part or "External" in part for part in parts.namelist())
    assert b'TargetMode="External"' not in parts.read("word/_rels/document.xml.rels")
    printed = "".join(pdf_pages(files["pdf"]))
    assert b"/URI" not in files["pdf"]
    assert b"/JavaScript" not in files["pdf"]
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    cells = [one for sheet in book for row in sheet.iter_rows() for one in row if one.value is not None]
    assert not any(one.data_type == "f" or one.hyperlink for one in cells)
    assert not any(str(one.value).startswith("=") for one in cells)
    table = "".join(str(one.value) for one in cells)
    for text in (html, word, printed, table):
        assert not {"\u202e", "\u2066"} & set(text)
        assert max(map(len, re.findall("Ặ+", unicodedata.normalize("NFC", text))), default=0) < 10_100
    assert "#eval(sys.inputs)" in printed
    assert "<script>" in word


def _rule(one: Any) -> float:
    """The length of the rule in a cell of the letterhead, in millimetres."""
    (node,) = (p for p in one.paragraphs if p._p.find(f"{qn('w:pPr')}/{qn('w:pBdr')}") is not None)
    shape = node.paragraph_format
    return (one.width - shape.left_indent - shape.right_indent) / Mm(1)
