"""What data a report tells: a checksum of everything that was read for it.

In: a `Report`. Out: sha256 of its values in a canonical order; the same data always gives the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel

if TYPE_CHECKING:
    from kho.report.quality_report import Report
    from kho.settings import Settings


def data_sha256(report: Report) -> str:
    """The checksum of what the report tells, letterhead and limits included."""
    content = msgspec.json.encode(report, enc_hook=_plain, order="deterministic")
    return hashlib.sha256(content).hexdigest()


def files_sha256(paths: Mapping[str, Path]) -> dict[str, str]:
    """The checksum of each file, by its format."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}


@lru_cache(maxsize=4)
def rendering_sha256(settings: Settings) -> str:
    """The checksum of what turns data into files: code, templates, fonts.

    A file that was made by an older version of these is made again.
    """
    code = sorted(Path(__file__).parent.rglob("*.py"))
    templates = sorted(settings.templates_dir.glob("*report*")) + sorted(settings.templates_dir.glob("*.typ"))
    fonts = sorted((settings.project_root / "include" / "fonts").glob("*.ttf"))
    digest = hashlib.sha256()
    for path in (*code, *templates):
        digest.update(path.read_bytes())
    for path in fonts:
        digest.update(f"{path.name} {path.stat().st_size}".encode())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        # Who gets the report is nothing that it tells.
        return value.model_dump(mode="json", exclude={"mail"})
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} in a report")
