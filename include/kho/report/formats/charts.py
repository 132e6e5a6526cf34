"""Charts: drawn once, as vectors for page and PDF, as a picture for DOCX.

In: a `Chart`. Out: SVG or PNG of small multiples, readable in black and white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kho.report.formats.paper import TEXT_WIDTH_MM
from kho.report.formats.typesetting import set_template

if TYPE_CHECKING:
    from kho.report.document import Chart
    from kho.settings import Settings

_TEMPLATE = "report_chart.typ"
_PPI = 220


def chart_svg(chart: Chart, settings: Settings) -> bytes:
    return set_template(_TEMPLATE, _values(chart), settings, to="svg")


def chart_png(chart: Chart, settings: Settings) -> bytes:
    return set_template(_TEMPLATE, _values(chart), settings, to="png", ppi=_PPI)


def plain_chart(chart: Chart) -> dict[str, Any]:
    """What the drawing needs: numbers as numbers, `null` where there is no evidence."""
    return {
        "alt": chart.alt,
        "first": chart.first,
        "last": chart.last,
        "limits": [float(limit) for limit in chart.limits],
        "series": [
            {
                "title": one.title,
                "points": [None if point is None else float(point) for point in one.points],
            }
            for one in chart.series
        ],
    }


def _values(chart: Chart) -> dict[str, Any]:
    return {"chart": plain_chart(chart), "width": TEXT_WIDTH_MM}
