"""A score's history as a small line, with its words for those who do not see it.

In: points, and the nights and the lowest value of the scale, which all lines of a page share. Out: SVG.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from kho.board.scores import Point

_WIDTH, _HEIGHT, _EDGE = 120, 28, 3


def lowest(histories: Iterable[Sequence[Point]]) -> Decimal:
    """Where the scale of these lines begins: full tens, so that lines of two nights look alike."""
    found = min((point.score for points in histories for point in points), default=Decimal(0))
    return min(Decimal(90), (found / 10).to_integral_value(ROUND_FLOOR) * 10)


def nights_of(histories: Iterable[Sequence[Point]]) -> tuple[date, ...]:
    """All nights that any of these lines knows, the oldest first."""
    return tuple(sorted({point.as_of for points in histories for point in points}))


def sparkline(points: Sequence[Point], nights: Sequence[date], low: Decimal, title: str) -> Markup:
    """The line, each point at its night; a single night is a dot, no night is nothing."""
    if not points:
        return Markup("")
    step = Decimal(_WIDTH - 2 * _EDGE) / max(1, len(nights) - 1)
    height = _HEIGHT - 2 * _EDGE
    places = [
        (_EDGE + step * nights.index(point.as_of), _EDGE + height * (100 - point.score) / (100 - low))
        for point in points
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    last_x, last_y = places[-1]
    return Markup(
        '<svg class="spark" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        '<title>{title}</title><polyline points="{line}"/><circle cx="{x}" cy="{y}" r="2.5"/></svg>'
    ).format(width=_WIDTH, height=_HEIGHT, title=title, line=line, x=f"{last_x:.1f}", y=f"{last_y:.1f}")
