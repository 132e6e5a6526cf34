"""Section II and its annex: scores by principle and dataset, agencies by weighted index; facts told twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.bands import AMBER, GREEN, NO_EVIDENCE, RED
from kho.report.compose import cells
from kho.report.compose.outline import Outline
from kho.report.document import (
    CENTRE,
    RIGHT,
    Cell,
    Chart,
    Column,
    Paragraph,
    Row,
    Run,
    Series,
    Table,
    bold,
    cell,
    note,
    paragraph,
    small,
)
from kho.report.score_tables import ScoreRow, ranked
from kho.report.vietnamese import MILLION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from kho.report.measured import IndexLine
    from kho.report.quality_report import Report


def scores(report: Report) -> Outline:
    """Section II."""
    part = Outline("Điểm theo nguyên tắc")
    found, limit = report.scores, report.lines.agencies
    if not found.datasets:
        part.add(paragraph("Chưa có điểm nào: chưa có bộ dữ liệu nào được kiểm tra."))
        return part
    part.add(_legend(report))
    part.head("Theo nguyên tắc", principles(report), *_trend(report))
    part.head("Theo bộ dữ liệu", dataset_scores(report))
    part.head("Theo cơ quan", _index_words(report), _agency_words(report), agency_scores(report, limit))
    if report.measured.master_keys:
        part.head("Mã định danh dùng chung (phải đạt 100 điểm)", _master_keys(report))
    if report.measured.agreements:
        part.head("Cùng một số liệu, hai nguồn", agreements(report))
    return part


def principles(report: Report) -> Table:
    columns = (
        Column("Nguyên tắc", 32),
        Column("Mức"),
        Column("Điểm", 22, RIGHT),
        Column("Thay đổi", 24, RIGHT),
        Column("Lượt kiểm tra", 28, RIGHT),
        Column("Quy tắc", 20, RIGHT),
    )
    rows = []
    for _, title, found in report.scores.principles:
        verdict = cell(cells.verdict(found), band=found.band.key if found and found.band else "")
        if found is None or found.score is None:
            rows.append(Row((cell(bold(title)), verdict, cells.empty(4))))
            continue
        moved = cell(cells.change(found), value=found.change, align=RIGHT)
        points = cell(bold(vietnamese.decimal(found.score)), value=found.score, align=RIGHT)
        tally = found.tally
        counts = (cells.count(tally.evaluated), cells.count(len(tally.rules)))
        rows.append(Row((cell(bold(title)), verdict, points, moved, *counts)))
    return cells.table("principles", columns, rows)


def dataset_scores(report: Report) -> Table:
    columns = (Column("Bộ dữ liệu", 29), Column("Chung", 0, CENTRE))
    rows = (_row(row, cells.score(row.overall, strong=True)) for row in report.scores.datasets)
    return _heat("scores_by_dataset", columns, report, rows)


def agency_scores(report: Report, limit: int | None = None) -> Table:
    """The agencies by their index, lowest first, beside their cases: who mends nothing may still send few."""
    found, waiting = report.scores, {item.agency_code: item for item in report.violations.backlog}
    columns = (
        Column("Cơ quan", 24.5),
        Column("Chỉ số", 15, CENTRE),
        Column("Vụ việc đang mở (quá hạn)", 14.5, CENTRE),
    )
    nothing = cell("–", align=CENTRE)
    rows = []
    for row, index in _ranked(report)[:limit]:
        own = waiting.get(row.agency_code)
        cases = _cases(own.records, own.overdue) if own else _cases(0, 0)
        rows.append(_row(row, cells.index(index), cases, tonight=report.as_of))
    if found.all_agencies:
        known = [item for code, item in waiting.items() if code]
        cases = _cases(sum(item.records for item in known), sum(item.overdue for item in known))
        rows.append(_row(found.all_agencies, nothing, cases, kind="apart"))
    nobodys = (row for row in (found.unknown, found.platform) if row)
    rows += [_row(row, nothing, nothing, kind="apart") for row in nobodys]
    return _heat("scores_by_agency", columns, report, rows)


def agreements(report: Report) -> Table:
    columns = (
        Column("Nội dung đối chiếu"),
        Column("Việc phải làm", 56),
        Column("Đã so", 24, RIGHT),
        Column("Khác nhau", 24, RIGHT),
    )
    rows = (
        Row((cell(item.title), cell(item.remedy), cells.count(item.compared), cells.count(item.differ)))
        for item in report.measured.agreements
    )
    return cells.table("agreements", columns, rows)


def _ranked(report: Report) -> list[tuple[ScoreRow, IndexLine | None]]:
    """The agencies with scores, in their order, each with its index."""
    index = {item.agency_code: item for item in report.measured.agencies}
    rows = ranked(report.scores.agencies, {code: item.score for code, item in index.items()})
    return [(row, index.get(row.agency_code)) for row in rows]


def _heat(name: str, first: Sequence[Column], report: Report, rows: Iterable[Row]) -> Table:
    titles = (Column(title, 0, CENTRE) for _, title, _ in report.scores.principles)
    return cells.table(name, (*first, *titles), rows, dense=True)


def _row(row: ScoreRow, *first: Cell, kind: str = "", tonight: date | None = None) -> Row:
    """A row of scores, with the nights of its rows, unless all of them are of `tonight`."""
    nights = "" if row.oldest and row.oldest == tonight else _nights(row)
    shown = (cells.score(found) for found in row.cells)
    return Row((cell(row.title, nights), *first, *shown), kind, row.agency_code)


def _cases(opened: int, overdue: int) -> Cell:
    """Open cases and, in brackets, those past their day, which are marked in bold too."""
    if not overdue:
        return cell(vietnamese.number(opened), align=CENTRE)
    text = f"{vietnamese.number(opened)} ({vietnamese.number(overdue)})"
    return cell(bold(text), band=RED.key, align=CENTRE)


def _nights(row: ScoreRow) -> str | Run:
    """The nights of the rows that the scores of a row speak of."""
    if not row.scored_on:
        return ""
    last = vietnamese.day(row.scored_on)
    if row.oldest and row.oldest < row.scored_on:
        return small(f"Điểm từ ngày {vietnamese.day(row.oldest)} đến ngày {last}")
    return small(f"Điểm ngày {last}")


def _times(value: Decimal) -> str:
    """'1,25'."""
    return f"{value.normalize():f}".replace(".", ",")


def _legend(report: Report) -> Paragraph:
    found = report.scores
    since = f"{report.before_words}" if report.previous else "lần có điểm trước đó (chưa có)"
    green, amber = report.bands.green, report.bands.amber
    limits = {
        GREEN: f" từ {green} điểm; ",
        AMBER: f" từ {amber} đến dưới {green} điểm; ",
        RED: f" dưới {amber} điểm. ",
    }
    words = [part for band, text in limits.items() for part in (bold(f"{band.sign} {band.word}"), text)]
    comparable = report.config.comparable
    unlike = (
        f" Dấu “–” thay cho mức thay đổi: số lượt kiểm tra dưới {_times(comparable.least)} lần hoặc trên "
        f"{_times(comparable.most)} lần so với lần trước nên không so sánh."
        if found.has_incomparable or not all(item.comparable for item in report.measured.agencies)
        else ""
    )
    shortened = " “tr”: triệu lượt, làm tròn xuống." if found.overall.tally.evaluated >= MILLION else ""
    return note(
        f"Mỗi ô gồm: điểm và mức; thay đổi so với {since}; số lượt kiểm tra/số quy tắc (ở chỉ số: độ phủ căn "
        "cứ). Mức: ",
        *words,
        "Điểm bằng tỷ lệ lượt kiểm tra đạt nhân 100, làm tròn xuống; một bản ghi được tính một lượt cho mỗi "
        f"quy tắc. Nơi chưa có lượt kiểm tra nào ghi “{NO_EVIDENCE}”, không tính là 0 hay 100. Bản ghi "
        "của một cơ quan được tính theo đêm gần nhất có bản ghi của cơ quan đó, không quá một năm; ngày của "
        f"những đêm trước ghi dưới tên.{unlike}{shortened}",
    )


def _trend(report: Report) -> tuple[Chart | Paragraph, ...]:
    trend = report.trend
    series = tuple(
        Series(title, trend.points[principle])
        for principle, title, _ in report.scores.principles
        if any(point is not None for point in trend.points.get(principle, ()))
    )
    if len(trend.nights) < 2 or not series:
        return (paragraph("Chưa đủ hai lần chấm điểm để so sánh."),)
    first, last = vietnamese.day(trend.nights[0]), vietnamese.day(trend.nights[-1])
    said = "; ".join(
        f"{one.title} {vietnamese.decimal(one.points[-1])}" for one in series if one.points[-1] is not None
    )
    caption = f"Điểm theo nguyên tắc từ ngày {first} đến ngày {last}; nét đứt là ngưỡng của hai mức."
    limits = (report.bands.amber, report.bands.green)
    return (
        Chart("trend", caption, f"Điểm ngày {last}: {said}.", first[:5], last[:5], limits, series),
        note(caption),
    )


def _agency_words(report: Report) -> Paragraph | None:
    found, limit = report.scores, report.lines.agencies
    if not found.agencies:
        return None
    return note(
        f"Có {len(report.measured.agencies)} cơ quan có chỉ số: {agency_bands(report)}. Bảng dưới đây nêu "
        f"{min(limit, len(found.agencies))} cơ quan thấp nhất. Dòng “Nền tảng” là kết nối, đối soát, các "
        "danh mục dùng chung và bản ghi không nêu cơ quan; không tính vào điểm của cơ quan nào. Vụ việc "
        "đang mở là bản ghi chờ sửa tại nguồn tính đến hết đêm; trong ngoặc là số đã quá hạn. Điểm tính theo "
        "bản ghi gửi gần nhất, nên cơ quan chưa sửa vụ việc cũ vẫn có thể có điểm cao."
    )


def agency_bands(report: Report) -> str:
    """How many agencies have an index in each band: '3 cơ quan ● Đạt; …'."""
    bands = [item.band for item in report.measured.agencies]
    return "; ".join(f"{bands.count(band)} cơ quan {band.sign} {band.word}" for band in (GREEN, AMBER, RED))


def _index_words(report: Report) -> Paragraph | None:
    found, index = report.measured, report.measured.province
    if index is None or found.indexed_on is None or found.weights_from is None:
        return None
    night = ""
    if found.indexed_on < report.as_of:
        night = (
            f"Đêm {vietnamese.day(report.as_of)} chưa tính được chỉ số; chỉ số và điểm của mã định danh dưới "
            f"đây là của đêm {vietnamese.day(found.indexed_on)}. "
        )
    return paragraph(
        f"{night}Chỉ số của toàn tỉnh là ",
        bold(vietnamese.decimal(index.score)),
        f" điểm ({index.band.sign} {index.band.word}), độ phủ căn cứ {vietnamese.decimal(index.coverage)}%. "
        "Chỉ số là bình quân có trọng số của quy tắc, nguyên tắc, bộ dữ liệu và cơ quan, theo bộ trọng số áp "
        f"dụng từ ngày {vietnamese.day(found.weights_from)}; khác với điểm của nguyên tắc và điểm chung "
        "của bộ dữ liệu, là nơi mọi lượt kiểm tra được tính như nhau: ở chỉ số, bộ dữ liệu ít bản ghi hoặc "
        "không được nộp vẫn mang đủ trọng số.",
    )


def _master_keys(report: Report) -> Table:
    columns = (
        Column("Mã định danh"),
        Column("Điểm", 26, RIGHT),
        Column("Lượt kiểm tra", 34, RIGHT),
        Column("Sai", 26, RIGHT),
        Column("Kết quả", 34),
    )
    rows = (
        Row(
            (
                cell(item.title),
                cells.points(item.score),
                cells.count(item.evaluated),
                cells.count(item.failed),
                _met(item),
            )
        )
        for item in report.measured.master_keys
    )
    return cells.table("master_keys", columns, rows)


def _met(item: IndexLine) -> Cell:
    """Of a master key there is nothing between reached and not reached."""
    band = GREEN if item.met else RED
    return cell(cells.band_words(band), band=band.key)
