"""Erase a person's data everywhere, on a lawful order, and keep it from coming back.

    look        raw zone and quarantine: which records are about the person
    suppress    the order, and pseudonyms of the person's identifiers and records: from here on nothing new
    raw zone    batch by batch
    warehouse   staging, quarantine and star: one transaction
    look again  nothing may be left
    finish      marts are counted anew, and which records it was is forgotten

Killed anywhere and run again with the same identifiers, it goes on: what is done is done, and which records
were found is kept until the end (`meta.erasure_work`), because the raw zone no longer tells.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.contracts import load_contract, load_contracts
from kho.errors import ConfigurationError, ErasureDisturbed
from kho.privacy.handing import keys_of_warehouse
from kho.privacy.raw_erasure import erase_from_batch, keys_in_batch, names_anybody
from kho.privacy.subjects import Finder, has_key, record_text
from kho.quality.sharing import own_reading
from kho.server.locking import file_lock
from kho.sql_files import files_in, run_file

if TYPE_CHECKING:
    from kho.contracts import Contract
    from kho.privacy.keyring import Keyring
    from kho.raw_zone.manifest import Manifest
    from kho.settings import Settings

Keys = dict[str, set[str]]
"""Business keys of records, by dataset."""


@dataclass(frozen=True, slots=True)
class Order:
    """Why a person's data is erased; none of the texts may name the person."""

    reference: str
    decided_by: str
    reason: str


@dataclass
class Erasure:
    """What was erased: how much of it, by place.

    Attributes:
        resumed: an earlier run was cut off, and this one finished it.
    """

    erasure_id: int
    resumed: bool
    places: dict[str, int] = field(default_factory=dict)


def erase_person(
    engine: sa.Engine,
    settings: Settings,
    keyring: Keyring,
    identifiers: Sequence[str],
    order: Order,
    records: Iterable[tuple[str, str]] = (),
) -> Erasure:
    """Erase a person's data, and suppress it from now on.

    Args:
        identifiers: the person's, as `read_identifiers` gives them.
        records: dataset and business key of records that are known to be about the person, for what names
            nobody any more in the raw zone.

    Raises:
        ConfigurationError: the order names nobody who decided it, no reason or no document; or the key of
            pseudonyms is not this warehouse's.
        ErasureDisturbed: a night was running; the order is not finished.
    """
    if not (order.reference.strip() and order.decided_by.strip() and order.reason.strip()):
        raise ConfigurationError(
            "an erasure needs an order, a person who decided it and a reason",
            next_step="name --order, --by and --reason; none of them may name the person whose data goes",
        )
    with engine.begin() as db:
        key = keys_of_warehouse(db, keyring)[0]
    make = key.maker()
    refs = frozenset(make(one) for one in identifiers)

    def same_key(db: sa.Connection) -> None:
        if keys_of_warehouse(db, keyring)[0] != key:
            raise ErasureDisturbed(
                "the key of pseudonyms was changed while it ran",
                next_step="run it again with the same identifiers",
            )

    contracts = [one for one in load_contracts() if one.person_identifiers]
    known = _known_records(contracts, records)
    finder = Finder(refs, frozenset(), make)
    erasure, keys = _begin(engine, settings, contracts, finder, order, known, same_key)
    about = frozenset(make(record_text(name, key)) for name, found in keys.items() for key in found)
    finder = Finder(refs, about, make)
    for contract in contracts:
        _raw_zone(engine, settings, contract, finder, erasure)
    _warehouse(engine, contracts, finder, keys, order, erasure, same_key)
    _look_again(engine, settings, contracts, finder)
    with own_reading(engine) as db:
        run_file(db, "mart/refresh.sql")
        run_file(db, "indicators/refresh_marts.sql")
        run_file(db, "privacy/finish_erasure.sql", erasure_id=erasure.erasure_id)
    _vacuum(engine)
    return erasure


def suppressed(engine: sa.Engine, keyring: Keyring) -> Finder | None:
    """Finds everybody whose data is not taken in any more; None where that is nobody.

    Raises:
        ConfigurationError: the key at hand is not this warehouse's.
    """
    with engine.begin() as db:
        rows = db.execute(sa.text("SELECT subject_ref, kind FROM meta.suppressed_subject")).all()
        if not rows:
            return None
        make = keys_of_warehouse(db, keyring)[0].maker()
    return Finder(
        frozenset(row.subject_ref for row in rows if row.kind == "identifier"),
        frozenset(row.subject_ref for row in rows if row.kind == "record"),
        make,
    )


def without_suppressed(
    engine: sa.Engine, settings: Settings, keyring: Keyring, manifest: Manifest
) -> Manifest:
    """The manifest of a batch that was just landed, without the people whose data was erased before."""
    from kho.raw_zone.manifest import read_manifest

    contract = load_contract(manifest.dataset)
    if not contract.person_identifiers:
        return manifest
    finder = suppressed(engine, keyring)
    if finder is None:
        return manifest
    folder = settings.raw_zone / manifest.dataset / manifest.batch_id
    erase_from_batch(folder, contract, finder, "people whose data was erased before")
    return read_manifest(folder)


def _known_records(contracts: Sequence[Contract], records: Iterable[tuple[str, str]]) -> Keys:
    whole = {
        one.dataset
        for one in contracts
        if any(column.person_identifier == "record" for column in one.person_identifiers)
    }
    known: Keys = {}
    for dataset, key in records:
        if dataset not in whole:
            raise ConfigurationError(
                f"no record of '{dataset}' is about one person",
                next_step=f"choose one of: {', '.join(sorted(whole))}",
            )
        known.setdefault(dataset, set()).add(key)
    return known


def _begin(
    engine: sa.Engine,
    settings: Settings,
    contracts: Sequence[Contract],
    finder: Finder,
    order: Order,
    known: Keys,
    same_key: Callable[[sa.Connection], None],
) -> tuple[Erasure, Keys]:
    """Find the person's records, and write down what is being erased before anything is."""
    keys: Keys = {name: set(found) for name, found in known.items()}
    for contract in contracts:
        found = keys.setdefault(contract.dataset, set())
        for folder in _batches(settings, contract.dataset):
            found |= keys_in_batch(folder, contract, finder)
    with engine.begin() as db:
        same_key(db)
        for contract in contracts:
            for _, key, whole in _cases(db, contract, finder):
                if whole and has_key(key):
                    keys[contract.dataset].add(key)
        opened = run_file(
            db,
            "privacy/open_erasure.sql",
            refs=sorted(finder.refs),
            order_reference=order.reference,
            decided_by=order.decided_by,
            reason=order.reason,
        ).one()
        erasure = Erasure(opened.erasure_id, opened.is_resumed)
        here = {"erasure_id": erasure.erasure_id}
        run_file(db, "privacy/suppress.sql", refs=sorted(finder.refs), kind="identifier", **here)
        for dataset, found in keys.items():
            run_file(db, "privacy/note_work.sql", dataset=dataset, keys=sorted(found), **here)
        work = sa.text("SELECT dataset, business_key FROM meta.erasure_work WHERE erasure_id = :erasure_id")
        for row in db.execute(work, here):
            keys.setdefault(row.dataset, set()).add(row.business_key)
        about = sorted(
            finder.pseudonym(record_text(name, key)) for name, found in keys.items() for key in found
        )
        run_file(db, "privacy/suppress.sql", refs=about, kind="record", **here)
    return erasure, keys


def _raw_zone(
    engine: sa.Engine, settings: Settings, contract: Contract, finder: Finder, erasure: Erasure
) -> None:
    home = settings.raw_zone / contract.dataset
    for left in [path for path in sorted(home.glob(".landing-*")) if path.is_dir()]:
        with file_lock(home / f"{left.name}.lock", timeout=0, purpose="remove an unfinished landing"):
            shutil.rmtree(left)
        _note(engine, erasure, f"{contract.dataset}: unfinished landings", 1)
    for folder in _batches(settings, contract.dataset):
        done = erase_from_batch(folder, contract, finder, f"erasure {erasure.erasure_id}")
        if not done:
            continue
        from kho.raw_zone.manifest import read_manifest

        manifest = read_manifest(folder)
        with engine.begin() as db:
            run_file(
                db,
                "privacy/erased_batch.sql",
                batch_id=manifest.batch_id,
                fetched=manifest.fetched,
                declared=manifest.declared,
            )
        for what, items in (("records", done.records), ("fields", done.fields), ("pages", done.pages)):
            _note(engine, erasure, f"{contract.dataset}: raw {what}", items)


def _warehouse(
    engine: sa.Engine,
    contracts: Sequence[Contract],
    finder: Finder,
    keys: Keys,
    order: Order,
    erasure: Erasure,
    same_key: Callable[[sa.Connection], None],
) -> None:
    """Staging, quarantine and star, all or none; loads of these datasets wait."""
    from kho.load.load import lock_dataset

    counted: dict[str, int] = {}
    with engine.begin() as db:
        for contract in sorted(contracts, key=lambda one: one.dataset):
            lock_dataset(db, contract.dataset)
        same_key(db)
        run_file(db, "history/switch.sql", state="off")
        for contract in contracts:
            name = contract.dataset
            tables = list(run_file(db, "privacy/staging_tables.sql", dataset=name).scalars())
            for table in tables:
                db.exec_driver_sql(f'DROP TABLE IF EXISTS stg."{table}"')
            counted[f"{name}: staging tables"] = len(tables)
            counted[f"{name}: cases"] = _erase_cases(db, contract, finder, order)
            found = {"keys": sorted(keys.get(name, ())), "refs": sorted(finder.refs)}
            counted[f"{name}: star"] = sum(
                run_file(db, file, **found).rowcount for file in files_in(f"privacy/erase/{name}")
            )
        for place, items in counted.items():
            if items:
                _note_in(db, erasure, place, items)
    erasure.places.update({place: items for place, items in counted.items() if items})


def _cases(
    db: sa.Connection, contract: Contract, finder: Finder
) -> Iterator[tuple[sa.Row[tuple[int, str, dict[str, object]]], str, bool]]:
    """The cases that concern a subject: row, business key, and whether the record is about the subject."""
    whole_by = [one.source_name for one in contract.person_identifiers if one.person_identifier == "record"]
    for row in run_file(db, "privacy/cases_of_dataset.sql", dataset=contract.dataset):
        if not isinstance(row.raw, dict):
            continue
        is_about = any(finder.mentions(str(row.raw.get(name) or "")) for name in whole_by)
        is_about = is_about or (bool(whole_by) and finder.is_record(contract.dataset, row.business_key))
        if is_about or finder.mentions(json.dumps(row.raw, ensure_ascii=False)):
            yield row, row.business_key, is_about


def _erase_cases(db: sa.Connection, contract: Contract, finder: Finder, order: Order) -> int:
    personal = {one.source_name for one in contract.columns if one.classification == "personal"}
    cases = list(_cases(db, contract, finder))
    for row, key, whole in cases:
        left = {
            name: None if name in personal or finder.mentions(str(value)) else value
            for name, value in row.raw.items()
        }
        run_file(
            db,
            "privacy/erase_case.sql",
            quarantine_id=row.quarantine_id,
            raw=json.dumps({} if whole else left, ensure_ascii=False),
            business_key=finder.pseudonym(record_text(contract.dataset, key)),
            whole=whole,
            decided_by=order.decided_by,
            reason=f"{order.reference}: {order.reason}",
        )
    return len(cases)


def _look_again(engine: sa.Engine, settings: Settings, contracts: Sequence[Contract], finder: Finder) -> None:
    for contract in contracts:
        left = [
            folder.name
            for folder in _batches(settings, contract.dataset)
            if names_anybody(folder, contract, finder)
        ]
        with engine.connect() as db:
            left += [f"case {row.quarantine_id}" for row, _, _ in _cases(db, contract, finder)]
            left += run_file(db, "privacy/staging_tables.sql", dataset=contract.dataset).scalars()
        if left:
            raise ErasureDisturbed(
                f"while it ran something came in again: {', '.join(left[:3])}",
                dataset=contract.dataset,
                next_step="wait until no night is running, then run it again with the same identifiers",
            )


def _batches(settings: Settings, dataset: str) -> list[Path]:
    home = settings.raw_zone / dataset
    return sorted(path.parent for path in home.glob("[!.]*/manifest.json"))


def _note(engine: sa.Engine, erasure: Erasure, place: str, items: int) -> None:
    if not items:
        return
    with engine.begin() as db:
        _note_in(db, erasure, place, items)
    erasure.places[place] = erasure.places.get(place, 0) + items


def _note_in(db: sa.Connection, erasure: Erasure, place: str, items: int) -> None:
    run_file(db, "privacy/note_place.sql", erasure_id=erasure.erasure_id, place=place, items=items)


def _vacuum(engine: sa.Engine) -> None:
    """Let the server reuse the space of the rows that are gone."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("VACUUM dq.quarantine")
        for table in ("fact_health_record", "fact_enterprise_event", "dim_enterprise"):
            db.exec_driver_sql(f"VACUUM dw.{table}, dw_history.{table}")
