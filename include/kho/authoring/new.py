"""From where a source is to all the files of its dataset.

In: a slug, a binding, and what the author knows. Out: the files written, and every choice with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from kho.authoring.propose import Proposal, propose
from kho.authoring.reference_lists import COMMUNES, commune_codes, reference_lists
from kho.authoring.rules import RuleProposal, propose_rules
from kho.authoring.sampling import sample_source
from kho.authoring.write import Wanted, check_slug, write_dataset
from kho.contracts.sources import Source
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
) -> NewDataset:
    """Sample a source, propose its contract and rules, and write all files.

    Raises:
        ConfigurationError: the slug or the binding cannot be used, or files of the slug exist.
        SourceRejected: the source has no row to learn from.
    """
    check_slug(wanted.slug)
    source = _typed(
        {"watermark": {"column": watermark or "changed", "lookback_days": 3}, **binding}, wanted.slug
    )
    sample = sample_source(source, connections, rows)
    if sample.records.num_rows < FEWEST_ROWS:
        raise SourceRejected(
            "the source sent no row to learn from",
            dataset=wanted.slug,
            where=sample.where,
            next_step="ask for a span in which there is something, or write the contract by hand",
        )
    lists = reference_lists(settings)
    known = {name: frozenset(codes) for name, codes in lists.items()}
    proposal = propose(sample, known | {COMMUNES: commune_codes(settings)}, key, watermark)
    lists[COMMUNES] = sorted(commune_codes(settings, today=True))
    unknown = [name for name in key if name not in sample.records.column_names]
    if unknown:
        raise ConfigurationError(
            f"the source has no column {', '.join(unknown)}",
            dataset=wanted.slug,
            where=sample.where,
            next_step=f"choose among: {', '.join(sample.records.column_names)}",
        )
    bound = dict(binding)
    if proposal.watermark and "watermark" not in bound:
        bound["watermark"] = {"column": proposal.watermark, "lookback_days": 3}
    files = write_dataset(wanted, proposal, bound, sample.where, lists, settings)
    return NewDataset(proposal, propose_rules(proposal), tuple(files), sample.where)


def _typed(binding: Mapping[str, Any], dataset: str) -> Source:
    try:
        source: Source = TypeAdapter(Source).validate_python(dict(binding))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"the source cannot be described so: {place}: {first['msg']}",
            dataset=dataset,
            next_step="kho dataset new --help names what each kind of source needs",
        ) from error
    return source
