"""The fixed texts of an official letter, with the punctuation that they end in.

In: a document or its letterhead. Out: lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kho.report.config import Letterhead
    from kho.report.document import Document


def number_line(document: Document) -> str:
    """'Số: 05/BC-SKHCN'; a draft leaves room for the number."""
    number = document.number or "\u00a0" * 6
    return f"Số: {number}/{document.letterhead.number_symbol}"


def addressee_lines(head: Letterhead) -> tuple[str, ...]:
    """One addressee alone, or a list of them."""
    if len(head.addressees) == 1:
        return (f"{head.addressees[0]}.",)
    return _ended([f"- {name}" for name in head.addressees])


def basis_lines(head: Letterhead) -> tuple[str, ...]:
    """The legal bases, each with ';', the last with '.'."""
    return _ended(head.legal_bases)


def recipient_lines(head: Letterhead) -> tuple[str, ...]:
    """'- Như trên;' and so on; the archive comes last."""
    return _ended([*(f"- {name}" for name in head.recipients), f"- Lưu: {head.archive}"])


def _ended(lines: Sequence[str]) -> tuple[str, ...]:
    last = len(lines) - 1
    return tuple(f"{text}{'.' if at == last else ';'}" for at, text in enumerate(lines))
