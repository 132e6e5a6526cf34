"""What a person reads before deciding about a draft: Markdown, in Vietnamese.

In: a draft. Out: a subject and a body. What data says is put where Markdown and HTML mean nothing.
"""

from __future__ import annotations

import re

from kho.report.document import Figures, Paragraph
from kho.report.register import Registered

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")


def draft_subject(found: Registered) -> str:
    """One line."""
    return f"Chờ duyệt: {found.document.title}"


def draft_body(found: Registered) -> str:
    """The summary, and what a revision changes."""
    document = found.document
    lines = [f"**{_plain(document.title)}**, dự thảo số {found.report_id}.", ""]
    for block in document.sections[0].blocks:
        if isinstance(block, Paragraph):
            lines += ["- " + _plain("".join(run.text for run in block.line))]
        elif isinstance(block, Figures):
            lines += ["- " + "; ".join(_plain(f"{number} {caption}") for number, caption in block.items)]
    if found.revises:
        count = sum(len(table.rows) for table in document.changes.tables) if document.changes else 0
        lines += ["", f"Thay thế Báo cáo số {found.revises}; {count} dòng thay đổi (xem phụ lục)."]
    lines += ["", "Khi duyệt, báo cáo được cấp số, khóa và gửi; từ chối thì giữ nguyên, không cấp số."]
    return "\n".join(lines)


def _plain(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", escaped)
