"""Contract and suite as YAML that people read: a line per column and per rule, a comment with its reason.

In: a `Proposal`, its rules, the binding of its source. Out: the text of `include/contracts/<slug>.yaml` and
`expectations/<slug>.yaml`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from kho.authoring.proposal import ColumnProposal, Proposal
from kho.authoring.rules import RuleProposal
from kho.authoring.synthetic import typed

_WIDTH = 118


def contract_text(
    slug: str,
    proposal: Proposal,
    source: Mapping[str, Any],
    *,
    title: str,
    owner: str,
    owner_agency: str,
    where: str,
    drift: str,
) -> str:
    """The contract: what the source said of itself, and what the sample showed, side by side."""
    head = {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": slug,
        "version": "1.0.0",
        "status": "draft",
        "name": title,
        "description": {"purpose": f"{title}; dữ liệu do {owner} cung cấp."},
        "team": {"members": [{"username": slug.replace("_", "-"), "name": owner, "role": "owner"}]},
    }
    quality: dict[str, Any] = {"owner_agency": owner_agency, "quarantine_limit": 0.2}
    if proposal.agency_column:
        quality = {"agency_column": proposal.agency_column, **quality}
    custom: list[dict[str, Any]] = [
        {"property": "source", "value": dict(source)},
        {"property": "quality", "value": quality},
        {"property": "drift", "value": drift},
    ]
    depends = sorted({c.reference.split(".")[0] for c in proposal.columns if c.reference})
    if depends:
        custom.append({"property": "dependsOn", "value": depends})
    lines = [
        f"# {title}. Proposed from {proposal.rows:,} rows of {where};",
        "# each comment says why. Change what the owner knows better, then: kho dataset check " + slug,
        *_comments(proposal.notes, 0),
        _block(head).rstrip(),
        "schema:",
        f"  - name: {slug}",
        f"    businessName: {_scalar(title)}",
        "    logicalType: object",
        f"    description: One row per {', '.join(column.name for column in proposal.key)}.",
        "    properties:",
    ]
    for column in proposal.columns:
        lines += _comments(column.reasons, 6)
        lines.append(f"      - {_flow(_properties(column))}")
    # Forms come by the month, other sources every night; days of freshness are working days.
    every, days = ("m", 28) if source["kind"] == "files" else ("d", 5)
    if proposal.watermark:
        lines += [
            "slaProperties:",
            f"  - {{property: frequency, value: 1, unit: {every}}}",
            f"  - {{property: freshness, value: {days}, unit: d, element: {slug}.{proposal.watermark}}}",
        ]
    lines.append(_block({"customProperties": custom}).rstrip())
    return "\n".join(lines) + "\n"


def suite_text(
    slug: str, proposal: Proposal, rules: Sequence[RuleProposal], references: dict[str, list[str]]
) -> str:
    """The suite: a sample row of made-up values, then the rules."""
    lines = [
        f"# Rules for {slug}, proposed from a sample; critical ones keep a row out, warnings count it.",
        f"name: {slug}",
        "meta:",
        "  sample:",
    ]
    lines += [f"    {one.name}: {_scalar(typed(one, 1, references))}" for one in proposal.columns]
    lines += ["    _unreadable: null", "    _repeat: 0", "expectations:"]
    for rule in rules:
        meta: dict[str, Any] = {
            "principle": rule.principle,
            "title": rule.title,
            "remedy": rule.remedy,
        }
        if rule.breaks is not None:
            meta |= {"breaks": rule.breaks, "passes": rule.passes}
        lines += [
            *_comments([rule.reason], 2),
            f"  - id: {rule.rule_id}",
            f"    type: {rule.type}",
            f"    kwargs: {_flow(rule.kwargs)}",
            f"    severity: {rule.severity}",
            f"    meta: {_flow(meta)}",
        ]
    return "\n".join(lines) + "\n"


def _properties(column: ColumnProposal) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name,
        "physicalName": column.source_name,
        "businessName": column.title,
        "logicalType": column.logical_type,
    }
    if column.sql_type:
        found["physicalType"] = column.sql_type
    if column.required:
        found["required"] = True
    if column.key_position:
        found |= {"primaryKey": True, "primaryKeyPosition": column.key_position}
    found["classification"] = column.classification
    custom = [
        ("sourceFormat", column.source_format),
        ("sourceType", column.source_type),
        ("sourceUnit", column.unit if column.logical_type != "string" else None),
        ("sourceUnitColumn", column.unit_column),
        ("missingMarkers", "standard" if column.marked else None),
        ("missingReasonOf", column.missing_reason_of),
    ]
    told = [{"property": name, "value": value} for name, value in custom if value]
    return found | ({"customProperties": told} if told else {})


def _comments(reasons: Sequence[str], indent: int) -> list[str]:
    prefix = " " * indent + "# "
    return textwrap.wrap(
        "; ".join(reasons), _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )


def _block(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=_WIDTH, default_flow_style=False)


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=10**6, default_flow_style=True)
    return text.strip()


def _scalar(value: Any) -> str:
    return _flow([value])[1:-1]
