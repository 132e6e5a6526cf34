"""Text that a spreadsheet shows and never acts upon.

In: anything that a source may have sent. Out: one line without control or direction characters; what a
spreadsheet, now or after somebody saves it as CSV, would take for a formula or a link, it takes for text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kho.report.vietnamese import clip

_FORMULA_STARTS = frozenset("=+-@|%\uff1d\uff0b\uff0d\uff20")
_LINK = re.compile(
    r"\b(https?|ftps?|file|mailto|javascript|vbscript|data|ldaps?|smb|tel|ms-\w+)\s*:", re.IGNORECASE
)
_SHARE = re.compile(r"^\\\\")


@lru_cache(maxsize=2_048)
def sheet_text(text: str, limit: int = 160) -> str:
    """`text` for a cell, cut to `limit` characters."""
    # Nearly all that systems send is plain; looking at each character takes a while.
    is_plain = len(text) <= limit and text.isascii() and text.isprintable()
    line = _LINK.sub(r"\1[:]", " ".join(text.split()) if is_plain else clip(text, limit))
    line = _SHARE.sub("[\\\\\\\\]", line)
    return f"'{line}" if line[:1] in _FORMULA_STARTS else line
