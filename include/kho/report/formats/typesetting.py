"""Typst, the compiler that sets the PDF and draws the charts.

In: a template and values as JSON, which are data and never markup. Out: bytes; the same values give the same.
Only the fonts that the project brings are used, and a character that they lack becomes a hollow square: a
missing glyph would be invisible.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from kho.errors import HostError

if TYPE_CHECKING:
    from pathlib import Path

    from kho.settings import Settings

_UNKNOWN = "□"


def set_template(
    name: str,
    values: dict[str, Any],
    settings: Settings,
    *,
    to: Literal["pdf", "svg", "png"],
    timestamp: int = 0,
    ppi: float = 200,
) -> bytes:
    """Compile a template to 'pdf', 'svg' or 'png'.

    Raises:
        HostError: the template cannot be set.
    """
    import typst

    fonts = settings.project_root / "include" / "fonts"
    text = showable(json.dumps(values, ensure_ascii=False), fonts)
    try:
        made = typst.compile(
            str(settings.templates_dir / name),
            root=str(settings.templates_dir),
            font_paths=[str(fonts)],
            ignore_system_fonts=True,
            format=to,
            ppi=ppi,
            sys_inputs={"values": text},
            pdf_standards=["a-2u"] if to == "pdf" else [],
            timestamp=timestamp,
        )
    except typst.TypstError as error:
        raise HostError(
            f"the report cannot be typeset: {error}",
            where=name,
            next_step="kho doctor; are the fonts in include/fonts complete?",
        ) from error
    if not isinstance(made, bytes):
        raise HostError("a picture has more than one page", where=name, next_step="shorten what it shows")
    return made


def showable(text: str, fonts: Path) -> str:
    """`text`, with what the fonts cannot show replaced."""
    missing = {char for char in set(text) if char >= " "} - _covered(fonts)
    return text.translate({ord(char): _UNKNOWN for char in missing})


@lru_cache(maxsize=2)
def _covered(fonts: Path) -> frozenset[str]:
    """The characters that every face has."""
    from fontTools.ttLib import TTFont

    covered: frozenset[str] | None = None
    for path in sorted(fonts.glob("*.ttf")):
        with TTFont(path, lazy=True) as face:
            here = frozenset(map(chr, face.getBestCmap()))
        covered = here if covered is None else covered & here
    return covered or frozenset()
