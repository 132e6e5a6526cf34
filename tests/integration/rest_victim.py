"""A process to be killed while it lands a night: `python -m tests.integration.rest_victim HOME URL KIND THREADS`."""

from __future__ import annotations

import sys
from pathlib import Path

from .rest_case import a_source, fetch
from .rest_server import RestServer


def main(home: str, url: str, kind: str, threads: str) -> None:
    server = RestServer(url=url)
    manifest = fetch(server, Path(home), a_source(kind, parallel_windows=int(threads)))
    print(manifest.batch_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
