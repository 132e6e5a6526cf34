"""How wide a text is in print.

In: a text, a size in points. Out: millimetres, from the advance widths of Tinos, which are those of Times New
Roman.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MM_PER_POINT = 25.4 / 72


def text_width_mm(text: str, points: float, fonts: Path, *, bold: bool = True) -> float:
    """The width of one line, without kerning."""
    widths, units = _advances(fonts / f"Tinos-{'Bold' if bold else 'Regular'}.ttf")
    return sum(widths.get(char, units // 2) for char in text) / units * points * _MM_PER_POINT


@lru_cache(maxsize=4)
def _advances(font: Path) -> tuple[dict[str, int], int]:
    from fontTools.ttLib import TTFont

    with TTFont(font, lazy=True) as face:
        metrics = face["hmtx"]
        widths = {chr(code): metrics[name][0] for code, name in face.getBestCmap().items()}
        return widths, face["head"].unitsPerEm
