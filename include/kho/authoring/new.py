"""From where a source is to all the files of its dataset.

In: a slug, a binding, and what the author knows. Out: the files written, and every choice with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kho.authoring.binding import typed_source
from kho.authoring.form_probe import LearntForm
from kho.authoring.proposal import Proposal
from kho.authoring.propose import propose
from kho.authoring.reference_lists import COMMUNES, commune_codes, reference_lists
from kho.authoring.rules import RuleProposal, propose_rules
from kho.authoring.sampling import sample_source
from kho.authoring.write import Wanted, check_slug, write_dataset
from kho.errors import ConfigurationError, SourceRejected

if TYPE_CHECKING:
    from kho.connections import Connections
    from kho.settings import Settings

FEWEST_ROWS = 1


@dataclass(frozen=True)
class NewDataset:
    """What was written, and why it says what it says."""

    proposal: Proposal
    rules: tuple[RuleProposal, ...]
    files: tuple[Path, ...]
    where: str


def new_dataset(
    wanted: Wanted,
    binding: Mapping[str, Any],
    connections: Connections,
    settings: Settings,
    *,
    rows: int,
    key: Sequence[str] = (),
    watermark: str | None = None,
    learnt: LearntForm | None = None,
) -> NewDataset:
    """Sample a source, propose its contract and rules, and write all files.

    Args:
        learnt: what a form taught, with the sample it taught it by.

    Raises:
        ConfigurationError: the slug or the binding cannot be used, or files of the slug exist.
        SourceRejected: the source has no row to learn from.
    """
    check_slug(wanted.slug)
    source = typed_source(binding, wanted.slug)
    sample = learnt.sample if learnt else sample_source(source, connections, rows)
    if sample.records.num_rows < FEWEST_ROWS:
        raise SourceRejected(
            "the source sent no row to learn from",
            dataset=wanted.slug,
            where=sample.where,
            next_step="ask for a span in which there is something, or write the contract by hand",
        )
    lists = reference_lists(settings)
    known = {name: frozenset(codes) for name, codes in lists.items()}
    proposal = propose(
        sample, known | {COMMUNES: commune_codes(settings)}, key, watermark, learnt.hints if learnt else None
    )
    lists[COMMUNES] = sorted(commune_codes(settings, today=True))
    unknown = [name for name in key if name not in sample.records.column_names]
    if unknown:
        raise ConfigurationError(
            f"the source has no column {', '.join(unknown)}",
            dataset=wanted.slug,
            where=sample.where,
            next_step=f"choose among: {', '.join(sample.records.column_names)}",
        )
    bound = _bound(binding, proposal, wanted.slug)
    files = write_dataset(wanted, proposal, bound, sample.where, lists, settings)
    return NewDataset(proposal, propose_rules(proposal), tuple(files), sample.where)


def _bound(binding: Mapping[str, Any], proposal: Proposal, dataset: str) -> dict[str, Any]:
    """The binding with the way in which changes are found."""
    bound = dict(binding)
    if bound["kind"] == "files" or "watermark" in bound or "snapshot" in bound:
        return bound
    if bound["kind"] == "sql" and not proposal.watermark:
        bound.pop("deletions", None)
        return bound | {"snapshot": "row_hash"}
    if bound["kind"] == "rest" and "window" not in bound:
        return bound
    if not proposal.watermark:
        raise ConfigurationError(
            "a service that is asked by dates needs a column that says when a record changed",
            dataset=dataset,
            next_step="name it with --watermark, as the source calls it",
        )
    return bound | {"watermark": {"column": proposal.watermark, "lookback_days": 3}}
