"""Write a new dataset's files: contract, suite, SQL, fixture, test, runbook.

In: a slug, a `Proposal`, the binding of its source. Out: the paths written. Nothing that exists is
overwritten unless that is asked for, and then only files of this slug; a migration that exists stays, since
it may have been applied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kho.authoring import sql_text
from kho.authoring.proposal import Proposal
from kho.authoring.rules import propose_rules
from kho.authoring.synthetic import sent, typed
from kho.authoring.yaml_text import contract_text, suite_text
from kho.errors import ConfigurationError
from kho.settings import Settings

FIXTURE_ROWS = 20
_SLUG = re.compile(r"[a-z][a-z0-9_]{2,29}")


@dataclass(frozen=True)
class Wanted:
    """What its author says of a dataset, besides where it comes from.

    Attributes:
        table: whether it gets a table of its own in the star, and of which kind.
        owner: the agency that answers for it, by name; `owner_agency` by code.
    """

    slug: str
    title: str
    owner: str
    owner_agency: str
    table: Literal["fact", "dim", "none"] = "fact"
    drift: Literal["freeze", "evolve", "discard"] = "discard"
    force: bool = False


def check_slug(slug: str) -> None:
    """Raise ConfigurationError unless a slug can name files, tables and staging tables."""
    if not _SLUG.fullmatch(slug):
        raise ConfigurationError(
            f"'{slug}' cannot name a dataset",
            next_step="use 3 to 30 lower-case letters, digits and underscores, a letter first: library_loans",
        )


def write_dataset(
    wanted: Wanted,
    proposal: Proposal,
    source: Mapping[str, Any],
    where: str,
    references: dict[str, list[str]],
    settings: Settings,
) -> list[Path]:
    """Write all files of a new dataset; returns their paths.

    Raises:
        ConfigurationError: files of this slug exist already; nothing was written.
    """
    check_slug(wanted.slug)
    files = _files(wanted, proposal, source, where, references, settings)
    existing = [path for path in files if path.exists()]
    if existing and not wanted.force:
        names = ", ".join(str(path.relative_to(settings.project_root)) for path in existing)
        raise ConfigurationError(
            f"the dataset has files already: {names}",
            dataset=wanted.slug,
            next_step="choose another slug, or say --force to write them anew",
        )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def _files(
    wanted: Wanted,
    proposal: Proposal,
    source: Mapping[str, Any],
    where: str,
    references: dict[str, list[str]],
    settings: Settings,
) -> dict[Path, str]:
    slug, root = wanted.slug, settings.project_root
    files = {
        settings.contracts_dir / f"{slug}.yaml": contract_text(
            slug,
            proposal,
            source,
            title=wanted.title,
            owner=wanted.owner,
            owner_agency=wanted.owner_agency,
            where=where,
            drift=wanted.drift,
        ),
        settings.expectations_dir / f"{slug}.yaml": suite_text(
            slug, proposal, propose_rules(proposal), references
        ),
        root / "tests" / "fixtures" / "datasets" / f"{slug}.jsonl": fixture(proposal, references),
        root / "tests" / "integration" / f"test_dataset_{slug}.py": _test(slug),
        root / "docs" / "runbooks" / f"{slug}.md": _runbook(wanted, proposal, where),
    }
    if wanted.table == "none":
        return files
    load = settings.sql_dir / "load" / slug
    files[load / "10_upsert.sql"] = sql_text.upsert(slug, proposal, wanted.table)
    if source.get("deletions", "none") != "none":
        files[load / "20_mark_deleted.sql"] = sql_text.mark_deleted(slug, proposal, wanted.table)
    if source.get("submission") and proposal.form_key:
        files[load / "20_mark_left_out.sql"] = sql_text.mark_left_out(slug, proposal, wanted.table)
    files[load / "90_count_loaded.sql"] = sql_text.count_loaded(slug, proposal, wanted.table)
    files[settings.sql_dir / "compare" / f"{slug}.sql"] = sql_text.compare(slug, proposal, wanted.table)
    if not list(settings.migrations_dir.glob(f"*_{slug}.sql")):
        migration = settings.migrations_dir / f"{_next_number(settings.migrations_dir):04d}_{slug}.sql"
        files[migration] = sql_text.migration(slug, proposal, wanted.table)
    return files


def _next_number(folder: Path) -> int:
    numbers = [int(path.name[:4]) for path in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")]
    return max(numbers, default=0) + 1


def fixture(proposal: Proposal, references: dict[str, list[str]]) -> str:
    """Made-up records as the source would send them: good ones, one of them twice, one without its key."""
    records = [
        {
            column.source_name: sent(column, typed(column, row, references))
            for column in proposal.columns
            if not column.missing_reason_of
        }
        for row in range(1, FIXTURE_ROWS + 1)
    ]
    records.append(records[0])
    records.append(records[1] | {column.source_name: None for column in proposal.key})
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _test(slug: str) -> str:
    return f'''"""`{slug}`: the fixture through every step, from the raw zone to the star."""

from .fixture_dataset import FixtureNight


def test_{slug}_loads_what_is_good_and_keeps_the_rest(fixture_night: FixtureNight) -> None:
    counts = fixture_night.load("{slug}")
    assert counts.fetched == fixture_night.records
    assert (counts.duplicates, counts.quarantined) == (1, 1)
    assert counts.loaded == counts.accepted == counts.fetched - 2


def test_{slug}_changes_nothing_when_it_comes_again(fixture_night: FixtureNight) -> None:
    fixture_night.load("{slug}")
    before = fixture_night.everything_in_dw()
    fixture_night.load("{slug}", days_later=1)
    assert fixture_night.everything_in_dw() == before
'''


_REFUSED = (
    "3. `kho quarantine list` names the forms that were refused, with sheet, cell and reason, and the\n"
    "   rows that wait; a form that is sent again replaces its earlier one.\n"
)


def _runbook(wanted: Wanted, proposal: Proposal, where: str) -> str:
    personal = [column.name for column in proposal.columns if column.classification == "personal"]
    rules = f"expectations/{wanted.slug}.yaml"
    rows = f"3. `kho quarantine list --dataset {wanted.slug}` shows the rows that wait for their owner.\n"
    waiting = _REFUSED if proposal.form_key else rows
    return f"""# {wanted.slug}

{wanted.title}, from {where}. Its owner is {wanted.owner} ({wanted.owner_agency}).

| what | how |
|---|---|
| key | {", ".join(column.name for column in proposal.key)} |
| read by | {proposal.watermark or "everything each night: no column tells what changed"} |
| personal data | {", ".join(personal) or "none found in the sample"} |
| when its columns change | `{wanted.drift}`; see `kho dataset changes {wanted.slug}` |

## When it fails

1. `kho dataset check {wanted.slug}` asks for one page and says what would happen; nothing is written.
2. `kho doctor` says whether the connection answers.
{waiting}4. Run it again: `kho run {wanted.slug}`. A night may be run twice; the second changes nothing.

## To be agreed with the owner

Whom to call, by when the data of a day is there, and each rule that now only warns (`{rules}`).
"""
