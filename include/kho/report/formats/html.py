"""The document as one page that needs nothing else.

In: a `Document`, the templates. Out: HTML; every text is escaped, charts are pictures inside the page.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kho.report.document import Block, Chart
from kho.report.formats.charts import chart_svg
from kho.report.formats.paper import TEXT_WIDTH_MM

if TYPE_CHECKING:
    from kho.report.document import Document
    from kho.settings import Settings

_TEMPLATE = "quality_report.html.j2"


def render_html(document: Document, settings: Settings) -> bytes:
    """The page, in UTF-8."""
    environment = Environment(
        loader=FileSystemLoader(settings.templates_dir),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typed"] = _typed
    charts = {
        block.name: base64.b64encode(chart_svg(block, settings)).decode()
        for part in document.parts
        for block in part.blocks
        if isinstance(block, Chart)
    }
    page = environment.get_template(_TEMPLATE)
    return page.render(document=document, charts=charts, whole=TEXT_WIDTH_MM).encode()


def _typed(blocks: Iterable[Block]) -> Iterator[tuple[str, Block]]:
    return ((type(block).__name__, block) for block in blocks)
