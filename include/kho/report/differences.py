"""What a revision says otherwise than the report that it takes the place of.

In: two documents. Out: a section that lists what differs, cell by cell, and lines that came or went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kho.report.compose.outline import roman
from kho.report.document import (
    Cell,
    Column,
    Document,
    Figures,
    Paragraph,
    Row,
    Section,
    Table,
    cell,
    note,
    paragraph,
    run,
)
from kho.report.vietnamese import clip

_MOST = 300
_ABSENT = "(không có)"


def changes_section(before: Document, after: Document) -> Section:
    """The list of differences, as an annex named after the report that it is compared with."""
    symbol = before.letterhead.number_symbol
    label = roman(len(after.annexes) + 1)
    title = f"Thay đổi so với Báo cáo số {before.number}/{symbol}"
    found = list(_differences(before, after))
    told = note(f"(Thay thế Báo cáo số {before.number}/{symbol}, {before.dated})")
    if not found:
        return Section(label, title, (told, paragraph("Nội dung không thay đổi.")))
    columns = (Column("Phần"), Column("Nội dung", 40), Column("Trước", 40), Column("Nay", 40))
    rows = [Row(tuple(map(_shown, item))) for item in found[:_MOST]]
    if len(found) > _MOST:
        rows.append(Row((cell(run(f"Và {len(found) - _MOST} thay đổi khác.", italic=True), span=4),), "rest"))
    return Section(label, title, (told, Table("changes", columns, tuple(rows))))


def _shown(text: str) -> Cell:
    return cell(clip(text, 200))


def _differences(before: Document, after: Document) -> Iterator[tuple[str, str, str, str]]:
    yield from _of_words(before, after)
    old, new = _tables(before), _tables(after)
    for name in [*new, *(name for name in old if name not in new)]:
        title = new[name][0] if name in new else old[name][0]
        yield from _of_tables(title, old.get(name), new.get(name))


def _of_words(before: Document, after: Document) -> Iterator[tuple[str, str, str, str]]:
    """Sentences that are not in the other document, section by section."""
    old = {section.title: _sentences(section) for section in before.sections}
    for section in after.sections:
        now, then = _sentences(section), old.get(section.title, [])
        gone = [text for text in then if text not in now]
        come = [text for text in now if text not in then]
        for at in range(max(len(gone), len(come))):
            yield (
                section.title,
                "Lời văn",
                gone[at] if at < len(gone) else _ABSENT,
                come[at] if at < len(come) else _ABSENT,
            )


def _sentences(section: Section) -> list[str]:
    said = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            said.append("".join(one.text for one in block.line))
        elif isinstance(block, Figures):
            said += [f"{number} {caption}" for number, caption in block.items]
    return said


def _of_tables(
    title: str, old: tuple[str, Table] | None, new: tuple[str, Table] | None
) -> Iterator[tuple[str, str, str, str]]:
    before, after = (_rows(one[1]) if one else {} for one in (old, new))
    columns = (new or old or ("", Table("", (), ())))[1].columns
    for key in [*after, *(key for key in before if key not in after)]:
        then, now = before.get(key), after.get(key)
        if then is None or now is None:
            yield title, key, _line(then), _line(now)
            continue
        for at in range(max(len(then), len(now))):
            was = then[at] if at < len(then) else ""
            has = now[at] if at < len(now) else ""
            if was != has:
                what = columns[at].title if at < len(columns) else ""
                yield title, f"{key} – {what}", was or _ABSENT, has or _ABSENT


def _tables(document: Document) -> dict[str, tuple[str, Table]]:
    """The tables of the annexes, which hold every line, and those of the body that no annex repeats."""
    found: dict[str, tuple[str, Table]] = {}
    for part in (*document.annexes, *document.sections):
        for at, table in enumerate(part.tables):
            found.setdefault(table.name if not at else f"{table.name} {at}", (part.title, table))
    return found


def _rows(table: Table) -> Mapping[str, list[str]]:
    """The rows by what they are about; running numbers are left out, for a row may only have moved."""
    numbered = bool(table.columns) and table.columns[0].title == "TT"
    rows: dict[str, list[str]] = {}
    for row in table.rows:
        texts = [one.text for one in row.cells]
        if numbered:
            texts[0] = ""
        key = next((text for text in texts if text), "")
        while key in rows:
            key += " *"
        rows[key] = texts
    return rows


def _line(texts: list[str] | None) -> str:
    return "; ".join(text for text in texts if text) if texts else _ABSENT
