"""What all tasks of one machine share: the token and the pace."""

from __future__ import annotations

import json
import multiprocessing
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from kho.connections import Connection
from kho.errors import SourceUnavailable
from kho.extract.rest.rate import SharedPace
from kho.extract.rest.tokens import SharedToken, Token

WHOSE = ("lgsp", "http://x", "/token", "key")
fork = multiprocessing.get_context("fork")


def _fetch(folder: Path, seconds: float) -> Token:
    """A slow login that leaves a trace."""
    time.sleep(0.2)
    trace = folder / f"login-{time.monotonic_ns()}"
    trace.touch()
    return Token.lasting(trace.name, seconds)


def _logins(folder: Path) -> int:
    return len(list(folder.glob("login-*")))


def _in_processes(target: Any, count: int, *args: Any) -> list[Any]:
    answers = fork.Queue()
    processes = [fork.Process(target=target, args=(answers, *args)) for _ in range(count)]
    for process in processes:
        process.start()
    got = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(20)
    return got


def _get(answers: Any, folder: Path) -> None:
    answers.put(SharedToken(folder / "tokens", WHOSE, lambda: _fetch(folder, 3600)).get())


def _after_refusal(answers: Any, folder: Path, refused: str) -> None:
    shared = SharedToken(folder / "tokens", WHOSE, lambda: _fetch(folder, 3600))
    answers.put(shared.after_refusal_of(refused))


def _get_one_that_ends(answers: Any, folder: Path) -> None:
    def renew() -> Token:
        # Until somebody else has gone on with the old one, however slow this machine is.
        deadline = time.monotonic() + 20
        while not list(folder.glob("went-on-*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        return _fetch(folder, 3600)

    answers.put(SharedToken(folder / "tokens", WHOSE, renew).get())
    (folder / f"went-on-{time.monotonic_ns()}").touch()


def test_many_processes_log_in_once(tmp_path: Path) -> None:
    tokens = _in_processes(_get, 8, tmp_path)
    assert len(set(tokens)) == 1
    assert _logins(tmp_path) == 1
    kept = [path for path in (tmp_path / "tokens").iterdir() if path.suffix == ".json"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600]
    assert stat.S_IMODE((tmp_path / "tokens").stat().st_mode) == 0o700


def test_a_refused_token_is_renewed_once_for_all(tmp_path: Path) -> None:
    old = _in_processes(_get, 1, tmp_path)[0]
    renewed = _in_processes(_after_refusal, 6, tmp_path, old)
    assert len(set(renewed)) == 1
    assert renewed[0] != old
    assert _logins(tmp_path) == 2
    # Somebody who was refused with the old one, late, gets the new one and renews nothing.
    assert _in_processes(_after_refusal, 1, tmp_path, old) == renewed[:1]
    assert _logins(tmp_path) == 2


def test_a_token_near_its_end_is_used_while_another_task_renews_it(tmp_path: Path) -> None:
    shared = SharedToken(tmp_path / "tokens", WHOSE, lambda: _fetch(tmp_path, 3600))
    first = shared.get()
    kept = next((tmp_path / "tokens").glob("*.json"))
    ending = {"value": first, "expires": time.time() + 30, "margin": 60}
    kept.write_text(json.dumps(ending))
    tokens = _in_processes(_get_one_that_ends, 5, tmp_path)
    assert _logins(tmp_path) == 2
    assert first in tokens  # those who came while it was renewed
    assert len(set(tokens)) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"value": 1}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    shared = SharedToken(tmp_path / "tokens", WHOSE, lambda: Token.lasting("new", 60))
    shared.get()
    next((tmp_path / "tokens").glob("*.json")).write_text(content)
    assert shared.get() == "new"


def test_a_failed_login_leaves_nothing_locked(tmp_path: Path) -> None:
    def fail() -> Token:
        raise SourceUnavailable("down")

    with pytest.raises(SourceUnavailable):
        SharedToken(tmp_path, WHOSE, fail).get()
    assert SharedToken(tmp_path, WHOSE, lambda: Token.lasting("new", 60)).get() == "new"


def test_a_token_does_not_show_itself() -> None:
    assert "secret" not in repr(Token.lasting("secret", 60))


def _take_turns(answers: Any, folder: Path, turns: int, extra: dict[str, Any]) -> None:
    pace = SharedPace(folder, Connection("lgsp", extra=extra), 60)
    taken = []
    for _ in range(turns):
        pace.wait(time.sleep)
        taken.append(time.time())
    answers.put(taken)


def test_processes_share_one_rate(tmp_path: Path) -> None:
    taken = _in_processes(_take_turns, 3, tmp_path, 10, {"requests_per_second": 50, "burst": 5})
    moments = sorted(moment for turns in taken for moment in turns)
    # Thirty turns, five of them at once: no sooner than the other twenty-five take.
    assert moments[-1] - moments[0] > 24 / 50


def test_a_pause_holds_everybody_back(tmp_path: Path) -> None:
    pace = SharedPace(tmp_path, Connection("lgsp"), 60)
    pace.pause(0.5)
    begun = time.time()
    taken = _in_processes(_take_turns, 2, tmp_path, 1, {})
    assert min(turn for turns in taken for turn in turns) - begun > 0.4


def test_other_connections_have_their_own_pace(tmp_path: Path) -> None:
    SharedPace(tmp_path, Connection("lgsp"), 60).pause(100)
    waited: list[float] = []
    SharedPace(tmp_path, Connection("other"), 60).wait(waited.append)
    assert waited == []
