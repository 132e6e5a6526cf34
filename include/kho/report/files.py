"""The files of a report: written whole or not at all, and not again where nothing has changed.

In: a `Document` or a night. Out: HTML, DOCX, PDF and a workbook of annexes, with a list of their checksums
beside them that says what data they tell. Files of the same data and the same code are left alone.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kho.report.identity import files_sha256, rendering_sha256
from kho.report.periods import DAILY, KINDS, Kind

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.report.document import Document
    from kho.settings import Settings

_READABLE_BY_ALL = 0o644
_NAMES = {"daily": "ngay", "monthly": "thang", "quarterly": "quy"}
FORMATS = ("html", "docx", "pdf", "xlsx")


@dataclass(frozen=True)
class ReportFiles:
    """The files of one report.

    Attributes:
        paths: the file of each format.
        sha256: the checksum of each.
        data_sha256: the checksum of the data that they tell.
        made: whether they were made now.
        draft: the id of the draft that waits for a decision; None if the report in force says the same.
    """

    paths: Mapping[str, Path]
    sha256: Mapping[str, str]
    data_sha256: str
    made: bool
    draft: int | None = None


def page_path(settings: Settings, as_of: date) -> Path:
    """Where the page of a night is."""
    return settings.reports / f"bao-cao-chat-luong-du-lieu-{as_of:%Y-%m-%d}.html"


def report_paths(settings: Settings, as_of: date, kind: Kind = DAILY) -> dict[str, Path]:
    """Where each format is; the page of a night stands where it always did."""
    stem = f"bao-cao-chat-luong-du-lieu-{_NAMES[kind]}-{as_of:%Y-%m-%d}"
    folder = settings.reports / as_of.isoformat()
    paths = {name: folder / f"{stem}.{name}" for name in FORMATS}
    return paths | {"html": page_path(settings, as_of)} if kind == DAILY else paths


def rendered_files(settings: Settings) -> Iterator[tuple[Kind, date, list[Path]]]:
    """The files that nights have written, by kind and night; what is issued is in the archive, not here."""
    names = [path.stem[-10:] for path in settings.reports.glob("bao-cao-*.html")]
    names += [path.name for path in settings.reports.glob("????-??-??")]
    for name in sorted(set(names)):
        try:
            as_of = date.fromisoformat(name)
        except ValueError:
            continue
        for kind in KINDS:
            paths = report_paths(settings, as_of, kind)
            found = [path for path in (*paths.values(), _listing(paths)) if path.is_file()]
            if found:
                yield kind, as_of, found


def write_report_files(engine: sa.Engine, as_of: date, settings: Settings, kind: Kind = DAILY) -> ReportFiles:
    """Write the report of a night, or of the month or quarter until that night, in all formats.

    Raises:
        ConfigurationError: `include/report.yaml` or a contract is wrong.
        HostError: the report cannot be typeset.
    """
    from kho.report.compose import compose
    from kho.report.quality_report import read_report
    from kho.report.register import note_draft

    document = compose(read_report(engine, as_of, settings, kind))
    files = keep_files(document, report_paths(settings, as_of, kind), settings)
    with engine.begin() as db:
        return replace(files, draft=note_draft(db, document))


def keep_files(document: Document, paths: Mapping[str, Path], settings: Settings) -> ReportFiles:
    """Write the document's files, unless the same are there."""
    listing = _listing(paths)
    wanted = {
        "data": document.data_sha256,
        "number": document.number,
        "rendering": rendering_sha256(settings),
    }
    known = _listed(listing)
    if known and all(known.get(name) == value for name, value in wanted.items()):
        present = {name: path for name, path in paths.items() if path.is_file()}
        if set(present) == set(paths) and files_sha256(paths) == known.get("files"):
            return ReportFiles(dict(paths), known["files"], document.data_sha256, made=False)
    for name, path in paths.items():
        replace_file(path, render(name, document, settings))
    sums = files_sha256(paths)
    text = json.dumps({**wanted, "files": sums}, indent=1, sort_keys=True)
    replace_file(listing, text.encode())
    return ReportFiles(dict(paths), sums, document.data_sha256, made=True)


def write_html(document: Document, path: Path, settings: Settings) -> None:
    """The page alone."""
    replace_file(path, _html(document, settings))


def render(name: str, document: Document, settings: Settings) -> bytes:
    """The document in one format."""
    return _RENDER[name](document, settings)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`; a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".tmp", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, _READABLE_BY_ALL)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _listing(paths: Mapping[str, Path]) -> Path:
    """Where it is written down what the files were made of."""
    return paths["docx"].with_suffix(".json")


def _listed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


# Each imports its library when it is called: a night without a change needs none of them.
def _html(document: Document, settings: Settings) -> bytes:
    from kho.report.formats.html import render_html

    return render_html(document, settings)


def _docx(document: Document, settings: Settings) -> bytes:
    from kho.report.formats.docx import render_docx

    return render_docx(document, settings)


def _pdf(document: Document, settings: Settings) -> bytes:
    from kho.report.formats.pdf import render_pdf

    return render_pdf(document, settings)


def _xlsx(document: Document, settings: Settings) -> bytes:  # noqa: ARG001
    from kho.report.formats.xlsx import render_xlsx

    return render_xlsx(document)


_RENDER: Mapping[str, Callable[[Document, Settings], bytes]] = {
    "html": _html,
    "docx": _docx,
    "pdf": _pdf,
    "xlsx": _xlsx,
}
