"""A document as text, to be kept and read again.

In: a `Document`. Out: JSON, and the same document from it: what a person approves is rendered from what was
kept, whatever happened to the data since.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from kho.report.config import Letterhead
from kho.report.document import Block, Chart, Document, Figures, Heading, Line, Paragraph, Section, Table

_BLOCKS: dict[str, type[Block]] = {
    kind.__name__: kind for kind in (Heading, Paragraph, Figures, Table, Chart)
}
_SIMPLE = (
    "kind",
    "as_of",
    "number",
    "place",
    "dated",
    "title",
    "subject",
    "opening",
    "closing",
    "data_sha256",
)


def as_text(document: Document) -> str:
    """The document as JSON, always in the same order."""
    plain: dict[str, Any] = {name: msgspec.to_builtins(getattr(document, name)) for name in _SIMPLE}
    plain |= {
        "letterhead": document.letterhead.model_dump(mode="json"),
        "sections": [_plain(section) for section in document.sections],
        "annexes": [_plain(section) for section in document.annexes],
        "changes": _plain(document.changes) if document.changes else None,
    }
    return msgspec.json.encode(plain, order="sorted").decode()


def from_text(text: str) -> Document:
    """The document that `as_text` wrote."""
    plain = msgspec.json.decode(text)
    types: dict[str, Any] = {"subject": tuple[str, ...], "opening": Line, "closing": Line}
    simple = {name: msgspec.convert(plain[name], types.get(name, str)) for name in _SIMPLE if name != "as_of"}
    return Document(
        **simple,
        as_of=msgspec.convert(plain["as_of"], date),
        letterhead=Letterhead.model_validate(plain["letterhead"]),
        sections=tuple(map(_section, plain["sections"])),
        annexes=tuple(map(_section, plain["annexes"])),
        changes=_section(plain["changes"]) if plain["changes"] else None,
    )


def _plain(section: Section) -> dict[str, Any]:
    blocks = [msgspec.to_builtins(block) | {"type": type(block).__name__} for block in section.blocks]
    return {"label": section.label, "title": section.title, "blocks": blocks}


def _section(plain: dict[str, Any]) -> Section:
    blocks = tuple(_block(dict(block)) for block in plain["blocks"])
    return Section(plain["label"], plain["title"], blocks)


def _block(plain: dict[str, Any]) -> Block:
    return msgspec.convert(plain, _BLOCKS[plain.pop("type")])
