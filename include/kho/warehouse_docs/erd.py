"""The star as a picture: a card for each subject, facts on the left, their own dimensions on the right.

In: relations, foreign keys and which subject each fact belongs to. Out: an SVG, always the same for the same
input. Dimensions that several subjects share (dates, agencies, units) stand once at the top; a key that leads
to one bears its colour, because a line for each would hide everything else.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kho.warehouse_docs.meanings import Meaning
    from kho.warehouse_docs.structure import Relation, Structure

_ROW, _HEAD, _PAD, _GAP = 16, 24, 16, 18
_BOX, _GUTTER = 292, 56
_CARD = 2 * _BOX + _GUTTER + 2 * _PAD
_COLUMNS = 3
_SHARED_COLOURS = ("#2563a8", "#b4561c", "#2e7d4f", "#7b3fa0", "#8a6d00", "#a02c4f")
_STYLE = """
text{font:11px 'DejaVu Sans',Verdana,Arial,sans-serif;fill:#1d2733}
.t{font-size:9px;fill:#6b7785}.h{font-weight:bold;fill:#fff;font-size:12px}.k{font-weight:bold}
.s{font-weight:bold;font-size:15px}.e{font-size:12px;fill:#56616d}.c{font-size:9px;fill:#fff;font-weight:bold}
.l{fill:none;stroke:#56616d;stroke-width:1.3}
"""
_SHORT_TYPES = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "character varying": "varchar",
}


@dataclass(frozen=True)
class _Box:
    """A relation in its place."""

    relation: Relation
    x: int
    y: int

    @property
    def height(self) -> int:
        return _height(self.relation)

    def row(self, column: str) -> int:
        """The middle of a column's row."""
        names = [one.name for one in self.relation.columns]
        return self.y + _HEAD + names.index(column) * _ROW + _ROW // 2 + 2


def draw_erd(structure: Structure, subject_of: Mapping[str, str], titles: Mapping[str, Meaning]) -> str:
    """The diagram of the star.

    Args:
        subject_of: the subject of each fact, by the relation's name.
        titles: how each subject is called, in the order in which they are drawn.
    """
    picture = _Picture(structure, subject_of)
    parts, top = picture.shared_card()
    lanes = _Lanes([top] * _COLUMNS)
    small: list[tuple[Meaning, Relation]] = []
    for subject, title in titles.items():
        facts = [one for one in picture.facts if subject_of.get(one.name) == subject]
        if len(facts) == 1 and not picture.own_dimensions(facts):
            small.append((title, facts[0]))
        elif facts:
            parts += lanes.put(lambda x, y, t=title, f=facts: picture.card(t, f, x, y))  # type: ignore[misc]
    parts += lanes.put(picture.by_code_card)
    for pair in (small[place : place + 2] for place in range(0, len(small), 2)):
        parts += lanes.put(lambda x, y, p=pair: picture.small_cards(p, x, y))  # type: ignore[misc]
    heights = lanes.heights
    width = _COLUMNS * (_CARD + _GAP) + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {max(heights)}" '
        f'width="{width}" height="{max(heights)}" role="img" aria-label="ERD">\n'
        f"<!-- Made by kho docs warehouse; do not edit. -->\n<style>{_STYLE}</style>\n"
        '<rect width="100%" height="100%" fill="#eef1f5"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


class _Lanes:
    """Columns of cards: the next one goes where there is most room."""

    def __init__(self, heights: list[int]) -> None:
        self.heights = heights

    def put(self, draw: Callable[[int, int], tuple[list[str], int]]) -> list[str]:
        lane = self.heights.index(min(self.heights))
        drawn, self.heights[lane] = draw(lane * (_CARD + _GAP) + _GAP, self.heights[lane])
        return drawn


class _Picture:
    def __init__(self, structure: Structure, subject_of: Mapping[str, str]) -> None:
        star = [one for one in structure.relations if one.schema == "dw" and one.kind == "table"]
        self.by_name = {one.name: one for one in star}
        self.facts = [one for one in star if one.name.startswith("dw.fact_")]
        self._others = [one for one in star if one not in self.facts]
        self._leads: dict[str, dict[str, str]] = defaultdict(dict)
        subjects: dict[str, set[str]] = defaultdict(set)
        for key in structure.foreign_keys:
            for column in key.columns:
                self._leads[key.relation][column] = key.target
            if key.relation in subject_of:
                subjects[key.target].add(subject_of[key.relation])
        shared = sorted(name for name, found in subjects.items() if len(found) > 1)
        self._colours = dict(zip(shared, _SHARED_COLOURS, strict=False))
        self._subjects = subjects

    def shared_card(self) -> tuple[list[str], int]:
        """What several subjects share, and the bridges between its members."""
        shared = [self.by_name[name] for name in self._colours]
        bridges = [
            one
            for one in self._others
            if one.name not in self._colours
            and set(self._leads[one.name].values()) & set(self._colours)
            and one.name.startswith("dw.bridge_")
        ]
        boxes = [
            _Box(relation, _GAP + _PAD + place * (_BOX + _PAD), _GAP + 46)
            for place, relation in enumerate([*shared, *bridges])
        ]
        bottom = max((box.y + box.height for box in boxes), default=_GAP) + _PAD
        width = _COLUMNS * (_CARD + _GAP) - _GAP
        parts = [
            _card(
                _GAP,
                _GAP,
                width,
                bottom - _GAP,
                "Chiều dùng chung",
                "Shared dimensions; a coloured mark on a key leads here",
            )
        ]
        return parts + [self._box(box) for box in boxes], bottom + _GAP

    def card(self, title: Meaning, facts: Sequence[Relation], x: int, y: int) -> tuple[list[str], int]:
        """A subject: its facts, and the dimensions that only it has."""
        own = self.own_dimensions(facts)
        left, right = x + _PAD, x + _PAD + _BOX + _GUTTER
        boxes = [*_stacked(facts, left, y + 46), *_stacked(own, right, y + 46)]
        bottom = max(box.y + box.height for box in boxes) + _PAD
        parts = [_card(x, y, _CARD, bottom - y, title.vi, title.en), *self._lines(boxes, left + _BOX)]
        return parts + [self._box(box) for box in boxes], bottom + _GAP

    def own_dimensions(self, facts: Sequence[Relation]) -> list[Relation]:
        """The dimensions that only these facts lead to."""
        names = {name for fact in facts for name in self._leads[fact.name].values()}
        return [one for one in self._others if one.name in names and one.name not in self._colours]

    def small_cards(
        self, subjects: Sequence[tuple[Meaning, Relation]], x: int, y: int
    ) -> tuple[list[str], int]:
        """Subjects of one fact and no dimension of their own, side by side."""
        parts = []
        bottom = y + 46 + max(_height(fact) for _, fact in subjects) + _PAD
        for place, (title, fact) in enumerate(subjects):
            left = x + place * (_CARD + _GAP) // 2
            parts.append(_card(left, y, (_CARD - _GAP) // 2, bottom - y, title.vi, title.en))
            parts.append(self._box(_Box(fact, left + (_PAD + 3) // 2, y + 46)))
        return parts, bottom + _GAP

    def _lines(self, boxes: Sequence[_Box], gutter: int) -> list[str]:
        parts = []
        place = {box.relation.name: box for box in boxes}
        bend = 0
        for box in boxes:
            for column, target in self._leads[box.relation.name].items():
                if target in place and target not in self._colours:
                    bend += 1
                    parts.append(_line(box, column, place[target], gutter + 10 + 7 * (bend % 6)))
        return parts

    def by_code_card(self, x: int, y: int) -> tuple[list[str], int]:
        """What is found by a code and not by a key."""
        drawn = {*self._colours, *(name for name, found in self._subjects.items() if found)}
        rest = [
            one
            for one in self._others
            if one.name not in drawn and not set(self._leads[one.name].values()) & set(self._colours)
        ]
        boxes = [
            *_stacked(rest[0::2], x + _PAD, y + 46),
            *_stacked(rest[1::2], x + _PAD + _BOX + _GUTTER, y + 46),
        ]
        bottom = max((box.y + box.height for box in boxes), default=y) + _PAD
        title = _card(x, y, _CARD, bottom - y, "Tra theo mã", "Found by a code, not by a key")
        lines = self._lines(boxes, x + _PAD + _BOX)
        return [title, *lines, *(self._box(box) for box in boxes)], bottom + _GAP

    def _box(self, box: _Box) -> str:
        relation = box.relation
        fill = self._colours.get(relation.name) or (
            "#33475b" if relation.name.startswith("dw.fact_") else "#7d8a97"
        )
        top = f"v-{_HEAD - 4}q0-4 4-4h{_BOX - 8}q4 0 4 4v{_HEAD - 4}z"
        parts = [
            _rectangle(box.x, box.y, _BOX, box.height, 4, "#fff", "#aab4bf"),
            f'<path d="M{box.x} {box.y + _HEAD}{top}" fill="{fill}"/>',
            _text(box.x + 8, box.y + 16, relation.name.removeprefix("dw."), "h"),
        ]
        leads = self._leads[relation.name]
        for column in relation.columns:
            base = box.row(column.name) + 4
            parts.append(_text(box.x + 8, base, column.name, "k" if column.is_key else ""))
            target = leads.get(column.name, "")
            if target in self._colours:
                label = target.removeprefix("dw.dim_").replace("administrative_", "")
                wide = 6 * len(label) + 10
                parts.append(
                    f'<rect x="{box.x + _BOX - wide - 6}" y="{base - 10}" width="{wide}" height="13" rx="6" '
                    f'fill="{self._colours[target]}"/>'
                )
                parts.append(_text(box.x + _BOX - wide // 2 - 6, base, label, "c", "middle"))
            else:
                kind = column.type_name
                for long, short in _SHORT_TYPES.items():
                    kind = kind.replace(long, short)
                parts.append(_text(box.x + _BOX - 8, base, kind, "t", "end"))
        return "\n".join(parts)


def _height(relation: Relation) -> int:
    return _HEAD + _ROW * len(relation.columns) + 6


def _stacked(relations: Sequence[Relation], x: int, y: int) -> list[_Box]:
    boxes = []
    for relation in relations:
        boxes.append(_Box(relation, x, y))
        y += _height(relation) + _GAP
    return boxes


def _card(x: int, y: int, width: int, height: int, vi: str, en: str) -> str:
    return "\n".join(
        [
            _rectangle(x, y, width, height, 8, "#fbfcfd", "#cbd3db"),
            _text(x + _PAD, y + 22, vi, "s"),
            _text(x + _PAD, y + 38, en, "e"),
        ]
    )


def _rectangle(x: int, y: int, width: int, height: int, radius: int, fill: str, stroke: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}" '
        f'stroke="{stroke}"/>'
    )


def _line(start: _Box, column: str, end: _Box, bend: int) -> str:
    """From a key to the head of its dimension, with a crow's foot at the many."""
    y, target = start.row(column), end.y + _HEAD // 2
    from_left = start.x < end.x
    x = start.x + _BOX if from_left else start.x
    if start.x == end.x:
        side = start.x + _BOX
        path = f"M{side} {y}H{side + 14}V{target}H{side}"
        foot = f"M{side + 8} {y}L{side} {y - 4}M{side + 8} {y}L{side} {y + 4}"
    else:
        step = 8 if from_left else -8
        path = f"M{x} {y}H{bend}V{target}H{end.x if from_left else end.x + _BOX}"
        foot = f"M{x + step} {y}L{x} {y - 4}M{x + step} {y}L{x} {y + 4}"
    return f'<path class="l" d="{path}{foot}"/>'


def _text(x: int, y: int, text: str, style: str = "", anchor: str = "") -> str:
    shown = (f' class="{style}"' if style else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x}" y="{y}"{shown}>{escape(text)}</text>'
