"""The words of alerts: one message for whatever a recipient is to be told now.

In: notices of one recipient. Out: a `Message` with a subject, a text and the same as fields for a webhook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import yaml

from kho.report.vietnamese import clip
from kho.settings import get_settings

Event = Literal["opened", "reminder", "resolved"]
_NAME = "Kho dữ liệu"
_FOOT = "tự gửi thư này. Mỗi việc báo một lần, nhắc lại sau vài ngày nếu vẫn còn, và báo khi đã xong."
_HEADS = {"opened": "Cần biết", "reminder": "Vẫn còn", "resolved": "Đã xong"}
_LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told.

    Attributes:
        notice_id: its number in `meta.alert_notice`.
        wording: which sentences of `templates/alerts.yaml`.
        about: what they are filled with.
        place: path below the board.
        since: local time at which the alert was opened, as it is read.
    """

    notice_id: int
    event: Event
    wording: str
    about: Mapping[str, str]
    place: str
    since: str


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed over; `message_id` is the same whenever the same notices are told together."""

    subject: str
    text: str
    message_id: str
    entries: tuple[Mapping[str, str], ...]


def compose(recipient: str, notices: Sequence[Notice], board_url: str) -> Message:
    """One message about all `notices`, the urgent and new ones first."""
    entries = tuple(_entry(notice, board_url) for notice in notices)
    first = entries[0]
    if len(entries) == 1:
        subject = f"[{_NAME}] {first['state']}: {first['title']}"
    else:
        over = sum(notice.event == "resolved" for notice in notices)
        parts = [f"{len(entries) - over} việc cần biết" if len(entries) > over else ""]
        parts.append(f"{over} việc đã xong" if over else "")
        subject = f"[{_NAME}] {', '.join(filter(None, parts))}"
    body = "\n\n".join(_told(entry) for entry in entries)
    named = f"{recipient} {sorted(notice.notice_id for notice in notices)}"
    digest = hashlib.sha256(named.encode()).hexdigest()[:32]
    return Message(
        subject=clip(subject, _LONGEST_SUBJECT),
        text=f"{body}\n\n--\n{_NAME} {_FOOT}\n",
        message_id=f"<alert-{digest}@kho>",
        entries=entries,
    )


def title_of(wording: str, about: Mapping[str, str]) -> str:
    """What a cause is called."""
    return clip(_words()[wording]["title"].format(**about))


def _entry(notice: Notice, board_url: str) -> Mapping[str, str]:
    said = {
        name: clip(sentence.format(**notice.about), 900)
        for name, sentence in _words()[notice.wording].items()
    }
    return {
        "event": notice.event,
        "state": _HEADS[notice.event],
        "since": notice.since,
        **said,
        "link": f"{board_url}/{notice.place}",
    }


def _told(entry: Mapping[str, str]) -> str:
    head = f"{entry['state'].upper()}: {entry['title']}"
    if entry["event"] == "resolved":
        return f"{head}\nViệc báo lúc {entry['since']} không còn nữa.\nXem: {entry['link']}"
    return (
        f"{head}\nChuyện gì: {entry['happened']}\nNghĩa là: {entry['meaning']}\n"
        f"Việc cần làm: {entry['next']}\nXem: {entry['link']}"
    )


@cache
def _words() -> dict[str, dict[str, str]]:
    path = get_settings().templates_dir / "alerts.yaml"
    words: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return words
