"""Search, and the health of sources: the two pages that look across everything.

In: a word. Out: where it leads. Names and ids are searched, records never: they may be somebody's data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.report.names import Names

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found.

    Attributes:
        kind: case, batch, rule, agency or dataset.
        place: the parts of its page's path.
    """

    kind: str
    place: tuple[str, ...]
    title: str


def find(engine: sa.Engine, word: str, names: Names) -> tuple[Hit, ...]:
    """Everything that has the word in its name or is named by it."""
    word = word.strip()[:_LONGEST]
    if not word:
        return ()
    wanted = word.casefold()
    hits = [
        Hit(kind, (page, code), title)
        for kind, page, titles in (
            ("dataset", "datasets", names.datasets),
            ("agency", "agencies", names.agencies),
        )
        for code, title in titles.items()
        if wanted in code.casefold() or wanted in title.casefold()
    ]
    number = int(word) if word.isascii() and word.isdigit() and len(word) <= 18 else None
    with engine.connect() as db:
        for row in run_file(db, "board/search.sql", word=word, number=number):
            parts = (row.page, row.dataset, row.id) if row.dataset else (row.page, row.id)
            hits.append(Hit(row.kind, parts, row.title))
    return tuple(hits)


def read_sources(engine: sa.Engine) -> tuple[sa.Row[Any], ...]:
    """How each source answered the last time it was asked; those in trouble first."""
    with engine.connect() as db:
        return tuple(run_file(db, "board/sources.sql").all())
