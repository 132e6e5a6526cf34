"""Operations that a read-only pipeline must never call: those that change what they touch.

In: the path and the parameters that a contract declares. Out: the word that gives a consuming or writing
operation away, or nothing. Some services mark a record as delivered when it is fetched, so asking is not
always harmless; a contract that names such an operation is refused when it is loaded, and there is no
switch to allow it.

A name is judged by the words it starts with (`xacNhanHoSo`, `mark-as-read`) and by what follows "and"
(`layVaXacNhan`, `getAndAck`). Words further back are objects: `danhSachDaXacNhan` is a list.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ENGLISH = (
    "ack", "acknowledge", "add", "approve", "cancel", "commit", "complete", "confirm", "consume", "create",
    "delete", "deliver", "dequeue", "edit", "finish", "insert", "mark", "modify", "patch", "pop", "push",
    "put", "receive", "reject", "remove", "replace", "reset", "return", "save", "send", "submit", "take",
    "update", "upload", "upsert", "write", "set status", "set state", "set read", "change status",
)  # fmt: skip
_VIETNAMESE = (
    "xac nhan", "danh dau", "cap nhat", "them moi", "them", "xoa", "huy", "gui", "ghi nhan", "phe duyet",
    "tu choi", "thu hoi", "chuyen trang thai", "doi trang thai", "nhan ho so", "nhan van ban",
    "nhan va danh dau", "tra ket qua", "tra ho so", "tiep nhan ho so", "sua", "luu", "bao da nhan",
)  # fmt: skip
_PHRASES = tuple(sorted({*_ENGLISH, *_VIETNAMESE}, key=len, reverse=True))
_RUN_TOGETHER = (
    *(phrase.replace(" ", "") for phrase in _VIETNAMESE if len(phrase.replace(" ", "")) >= 7),
    *("acknowledge", "confirmdelivery", "confirmreceipt", "markas", "markread", "setstatus", "updatestatus"),
)
"""Phrases that are known without capitals or hyphens between their words."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def consuming_word(path: str, parameters: Iterable[str] = ()) -> str | None:
    """The first word in `path` or `parameters` (names and values) that says it is not a mere reading."""
    for name in (*re.split(r"[/?&=.]", path), *parameters):
        found = _verb_of(name)
        if found:
            return found
    return None


def _verb_of(name: str) -> str | None:
    words = [word.lower() for word in _WORD.findall(_without_marks(name))]
    starts = [0, *(place + 1 for place, word in enumerate(words) if word in ("and", "va", "then", "roi"))]
    for start in starts:
        rest = " ".join(words[start:]) + " "
        for phrase in _PHRASES:
            if rest.startswith(phrase + " "):
                return phrase
    together = "".join(words)
    return next((phrase for phrase in _RUN_TOGETHER if together.startswith(phrase)), None)


def _without_marks(text: str) -> str:
    text = text.replace("đ", "d").replace("Đ", "D")
    return "".join(part for part in unicodedata.normalize("NFD", text) if not unicodedata.combining(part))
