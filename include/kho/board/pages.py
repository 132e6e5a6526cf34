"""The board's pages as HTML.

In: who looks (`Visitor`) and what the page is about. Out: text. Everything is escaped; no page runs a
script or loads anything but the board's own style.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kho.board.sparkline import lowest, nights_of, sparkline
from kho.board.words import LANGUAGES, Words
from kho.settings import get_settings

if TYPE_CHECKING:
    from kho.report.names import Names


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page, and from where.

    Attributes:
        name: the user's name, as actions are recorded under it.
        language: one of `LANGUAGES`.
        root: the path of the board; `airflow` that of Airflow's own pages.
        path: of this page below the board, with its query.
        is_framed: whether the page is in Airflow's frame around a DAG's tab, which lets no link out.
        token: what a form carries to prove that it comes from one of these pages.
        may_waive: whether the user may act on a dataset's cases.
        may_replay: whether the user may start a replay.
    """

    name: str
    language: str
    root: str
    airflow: str
    path: str
    is_framed: bool
    token: str
    may_waive: Callable[[str], bool]
    may_replay: bool


def page(template: str, visitor: Visitor, names: Names, **content: Any) -> str:
    """A page of `include/templates/board`."""
    words = Words(visitor.language)

    def link(*parts: object, **query: Any) -> str:
        path = "/".join(quote(str(part), safe="") for part in parts)
        given = {key: value for key, value in query.items() if value not in ("", None, 0)}
        return f"{visitor.root}/{path}" + (f"?{urlencode(given)}" if given else "")

    def principle(key: str) -> str:
        return words.say(f"principle.{key}") if visitor.language != "vi" else names.principles.get(key, key)

    return (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(
            visitor=visitor,
            words=words,
            t=words.say,
            names=names,
            languages=LANGUAGES,
            link=link,
            principle=principle,
            vi=Markup('lang="vi"') if visitor.language != "vi" else "",
            sparkline=sparkline,
            lowest=lowest,
            nights_of=nights_of,
            run_name=lambda path: unquote(path.rpartition("/")[2]),
            **content,
        )
    )


def style() -> str:
    """The board's style sheet."""
    return (get_settings().templates_dir / "board" / "board.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(get_settings().templates_dir / "board"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
