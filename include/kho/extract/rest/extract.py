"""Pull one night's span from a REST source and land it.

In: the contract's REST binding, a connection, a span (None: the whole catalogue). Out: a landed batch.
Windows may be read in parallel, each by a thread with a conversation of its own; what is landed and the
batch's id do not depend on that. The first error stops the others. What was finished by then, and the pages
of what was not, stay for the next attempt of the same night (`kho.raw_zone.resumable`).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date

from kho.connections import Connection
from kho.contracts import Contract, RestSource
from kho.duck import connect as duck_connect
from kho.errors import SchemaDrifted
from kho.extract.drift import Drift, observe
from kho.extract.rest.attempts import Answers, Attempts
from kho.extract.rest.client import RestClient, Stopped
from kho.extract.rest.transport import base_url_of
from kho.extract.rest.window import WindowJob, WindowReader
from kho.extract.windows import Span, windows
from kho.raw_zone.json_records import SeenFields
from kho.raw_zone.landing import record_files
from kho.raw_zone.manifest import Manifest, batch_id
from kho.raw_zone.resumable import DonePart, ResumableLanding
from kho.settings import Settings


@dataclass(frozen=True)
class _Task:
    contract: Contract
    source: RestSource
    connection: Connection
    settings: Settings


def extract_rest(
    contract: Contract,
    source: RestSource,
    connection: Connection,
    span: Span | None,
    as_of: date,
    settings: Settings,
    note_answers: Callable[[list[Answers]], None] | None = None,
) -> Manifest:
    """Land everything that changed within `span`; returns the manifest of the batch.

    Args:
        note_answers: is told how the source answered, whether it ended well or not.

    Raises:
        KhoError: what the source, the gateway or the credentials did; the next attempt goes on from there.
    """
    task = _Task(contract, source, connection, settings)
    with ResumableLanding(
        settings.raw_zone, contract.dataset, f"{as_of:%Y%m%d}", _identity(task, span, as_of)
    ) as landing:
        attempts = Attempts(landing.requests_log)
        try:
            parts = _land_all(task, _jobs(source, span), landing, attempts)
        finally:
            if note_answers:
                note_answers(attempts.answers())
        for part in parts:
            landing.rows += part.rows
            for digest in part.page_digests:
                landing.add_digest(digest)
        endpoint = f"{source.request.method} {base_url_of(connection)}{source.path}"
        try:
            drift = _drift(contract, source, parts, endpoint)
        except SchemaDrifted:
            landing.forget()
            raise
        landing.add_digest(contract.content_sha256)
        if source.deletions == "key_comparison":
            _land_keys(contract, landing)
        totals = [part.declared for part in parts]
        manifest = Manifest(
            batch_id=batch_id(contract.dataset, as_of, landing.content_sha256),
            dataset=contract.dataset,
            as_of=as_of,
            contract_version=contract.version,
            endpoint=endpoint,
            content_sha256=landing.content_sha256,
            fetched=landing.rows,
            declared=None if None in totals else sum(total or 0 for total in totals),
            window_from=span.start if span else None,
            window_to=span.end if span else None,
            requests=attempts.count,
            failed_requests=attempts.failed,
            request_seconds=round(attempts.seconds, 3),
            drift=drift.as_json() if drift else None,
        )
        landing.clear_notes()
        attempts.publish(landing.folder)
        landing.publish(manifest)
    return manifest


def _drift(contract: Contract, source: RestSource, parts: list[DonePart], endpoint: str) -> Drift:
    """What the records of all parts show; XML has text alone, so that its kinds say nothing."""
    seen = SeenFields()
    for part in parts:
        seen.merge(part.seen)
    types = None if source.envelope.format == "xml" else seen.types
    return observe(contract, list(seen.kinds), types, records=seen.records, where=endpoint)


def _identity(task: _Task, span: Span | None, as_of: date) -> dict[str, str]:
    """What makes an earlier attempt the same question; no secret among it."""
    binding = task.source.model_dump_json()
    return {
        "dataset": task.contract.dataset,
        "night": as_of.isoformat(),
        "contract": task.contract.content_sha256,
        "fields": ",".join(task.contract.source_names),
        "binding": hashlib.sha256(binding.encode()).hexdigest(),
        "span": f"{span.start.isoformat()}/{span.end.isoformat()}" if span else "whole",
        "source": f"{task.connection.name} {base_url_of(task.connection)}",
    }


def _jobs(source: RestSource, span: Span | None) -> list[WindowJob]:
    if span is None or source.window is None:
        return [WindowJob(0, None)]
    return [WindowJob(n, days) for n, days in enumerate(windows(span, source.window.max_days))]


def _land_all(
    task: _Task, jobs: list[WindowJob], landing: ResumableLanding, attempts: Attempts
) -> list[DonePart]:
    """Land all windows; the parts in the order of the windows, however they came."""
    threads = min(task.source.parallel_windows, len(jobs))
    if threads <= 1:
        with RestClient(task.source, task.connection, task.settings.home, attempts) as client:
            reader = WindowReader(
                task.source, client, landing, task.contract.dataset, task.contract.source_names
            )
            return [reader.land(job) for job in jobs]
    stop = threading.Event()
    waiting = iter(jobs)
    turn = threading.Lock()

    def work() -> list[tuple[int, DonePart]]:
        done: list[tuple[int, DonePart]] = []
        with RestClient(task.source, task.connection, task.settings.home, attempts, stop) as client:
            reader = WindowReader(
                task.source,
                client,
                landing,
                task.contract.dataset,
                task.contract.source_names,
                memory=f"{200 // threads}MB",
            )
            while not stop.is_set():
                with turn:
                    job = next(waiting, None)
                if job is None:
                    break
                done.append((job.number, reader.land(job)))
        return done

    with ThreadPoolExecutor(threads, thread_name_prefix="window") as pool:
        futures = [pool.submit(work) for _ in range(threads)]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            if any(_failed(future) for future in futures) or not all(future.done() for future in futures):
                stop.set()
    for error in sorted(filter(None, map(_failure, futures)), key=lambda found: isinstance(found, Stopped)):
        raise error
    parts = dict(item for future in futures for item in future.result())
    return [parts[job.number] for job in jobs]


def _failed(future: Future[list[tuple[int, DonePart]]]) -> bool:
    return future.done() and future.exception() is not None


def _failure(future: Future[list[tuple[int, DonePart]]]) -> BaseException | None:
    return future.exception()


def _land_keys(contract: Contract, landing: ResumableLanding) -> None:
    """The catalogue's own keys are all the keys that the source has."""
    files = record_files(landing.folder)
    if not files:
        return
    names = [column.source_name for column in contract.key]
    with duck_connect(threads=1, memory="200MB") as duck:
        keys = duck.read_parquet(files).select(*dict.fromkeys(names))
        keys.write_parquet(str(landing.folder / "keys-00000.parquet"), compression="zstd")
