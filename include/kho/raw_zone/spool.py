"""The pages of an unfinished part, in the order in which they came, safe from a killed process.

In: each page's body as soon as it is here. Out: after a kill, the same pages again, up to the last whole
one. A frame is one line of JSON (what was asked, what else the page needs to be read again, length,
checksum) and then the body; what follows the last whole frame is cut off.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

SPOOL = "spool-{part}.pages"


@dataclass(frozen=True)
class SpooledPage:
    """A page as it was received: what was asked, the headers it is read by, the body."""

    request: str
    headers: dict[str, str]
    body: bytes


class Spool:
    """The spool of one part."""

    def __init__(self, folder: Path, part: str) -> None:
        self._path = folder / SPOOL.format(part=part)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, page: SpooledPage) -> None:
        """Keep a page; once this returns, a killed process does not lose it."""
        head = {
            "request": page.request,
            "headers": page.headers,
            "length": len(page.body),
            "crc32": zlib.crc32(page.body),
        }
        self._file.write(json.dumps(head).encode() + b"\n")
        self._file.write(page.body)
        self._file.flush()

    def pages(self) -> Iterator[SpooledPage]:
        """What an earlier attempt kept; anything behind the last whole page is dropped."""
        whole = 0
        with self._path.open("rb") as file:
            while page := _read(file):
                whole = file.tell()
                yield page
        self._file.truncate(whole)

    def clear(self) -> None:
        """Forget all pages."""
        self._file.truncate(0)

    def remove(self) -> None:
        """The part is finished, or starts over: its pages are not needed any more."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _read(file: BinaryIO) -> SpooledPage | None:
    try:
        head = json.loads(file.readline())
        body = file.read(head["length"])
        if len(body) < head["length"] or zlib.crc32(body) != head["crc32"]:
            return None
        return SpooledPage(head["request"], head["headers"], body)
    except (ValueError, KeyError, TypeError):
        return None
