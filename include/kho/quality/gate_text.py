"""What a person reads before deciding about a batch: Markdown, in Vietnamese, without personal data.

In: a `Gate`. Out: a subject and a body. What data says is put where Markdown and HTML mean nothing.
"""

from __future__ import annotations

import json

from kho.contracts import load_contract
from kho.errors import ContractError
from kho.quality.gate import Gate

_LONGEST = 600


def gate_subject(gate: Gate) -> str:
    """One line."""
    return f"Chờ quyết định: {_title(gate)}, đêm {gate.as_of:%d/%m/%Y}"


def gate_body(gate: Gate) -> str:
    """The evidence."""
    lines = [
        f"**{_title(gate)}** (`{gate.dataset}`), đêm {gate.as_of:%d/%m/%Y}: lô dữ liệu chưa được nạp.",
        *(["Đây là dữ liệu cũ của đêm đó được kiểm tra lại theo quy tắc hiện hành."] if gate.replays else []),
        "Dữ liệu cũ vẫn được giữ nguyên; các bộ dữ liệu khác không bị ảnh hưởng.",
        "",
        f"Nhận {gate.fetched:,} bản ghi, {gate.rejected:,} bản ghi không đạt; điểm {gate.score}.",
        "",
        "**Lý do**",
        "",
        *(f"- {_plain(reason)}" for reason in gate.reasons),
        "",
        "**Quy tắc bị vi phạm nhiều nhất**",
        "",
        *(
            f"- {_plain(rule.title)} (`{rule.rule_id}`): {rule.failed:,} / {rule.evaluated:,}"
            for rule in gate.rules
        ),
        "",
        "**Ví dụ (đã che thông tin cá nhân)**",
        "",
        "```",
        *(_example(example) for example in gate.examples),
        "```",
        "",
        "Đồng ý: chỉ các bản ghi đạt được nạp, bản ghi không đạt vào khu vực cách ly như thường lệ.",
        "Từ chối, hoặc không ai trả lời: lô này không được nạp.",
        "",
        f"Lô `{gate.batch_id}`; nội dung `{gate.content_sha256[:12]}`, hợp đồng {gate.contract_version},",
        f"bộ quy tắc `{gate.suite_sha256[:12]}`. Quyết định chỉ có giá trị với đúng lô này.",
        f"Xem thêm: `kho gate show {gate.batch_id}`; báo cáo và danh sách cần sửa của đêm:",
        f"`reports/{gate.as_of:%Y-%m-%d}/can-sua/`.",
    ]
    return "\n".join(lines)


def _title(gate: Gate) -> str:
    try:
        return load_contract(gate.dataset).title
    except ContractError:
        return gate.dataset


def _plain(text: str) -> str:
    return " ".join(text.translate(dict.fromkeys(map(ord, "`<>[]|*{}"), " ")).split())


def _example(example: dict[str, object]) -> str:
    text = json.dumps(example, ensure_ascii=False)
    return " ".join(text.replace("`", "'").replace("<", "(").split())[:_LONGEST]
