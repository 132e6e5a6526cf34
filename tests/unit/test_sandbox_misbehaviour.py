"""Rules of misbehaviour: how they are read, counted and spent."""

import threading
import time
from typing import Any

import pytest

from kho.sandbox.misbehaviour import InvalidRuleError, Misbehaviour, Rule, read_rule

PATHS = frozenset({"/a", "/b"})


def rule(**values: Any) -> Rule:
    return read_rule({"path": "/a", "kind": "server_error"} | values, PATHS)


def kinds(rules: Misbehaviour, path: str, count: int) -> list[str | None]:
    found = [rules.next(path) for _ in range(count)]
    return [rule.kind if rule else None for rule in found]


def test_a_rule_lets_some_requests_pass_spoils_the_next_and_is_spent() -> None:
    rules = Misbehaviour()
    rules.add(rule(after=1, times=2))
    assert kinds(rules, "/a", 4) == [None, "server_error", "server_error", None]
    assert rules.rules() == []


def test_rules_of_one_path_follow_each_other_and_leave_others_alone() -> None:
    rules = Misbehaviour()
    rules.add(rule())
    rules.add(rule(kind="html_200"))
    assert kinds(rules, "/b", 1) == [None]
    assert kinds(rules, "/a", 3) == ["server_error", "html_200", None]


def test_the_first_page_cannot_be_repeated() -> None:
    rules = Misbehaviour()
    rules.add(rule(kind="repeated_page"))
    assert rules.next("/a", offset=0) is None
    repeated = rules.next("/a", offset=100)
    assert repeated is not None
    assert repeated.kind == "repeated_page"


def test_clearing_ends_a_delay() -> None:
    rules = Misbehaviour()
    rules.add(rule(kind="timeout"))
    threading.Timer(0.05, rules.clear).start()
    begun = time.monotonic()
    rules.delay(20)
    assert time.monotonic() - begun < 10
    assert rules.rules() == []


@pytest.mark.parametrize(
    "body",
    [
        {"path": "/c", "kind": "timeout"},
        {"path": "/a", "kind": "nonsense"},
        {"path": "/a", "kind": "timeout", "secs": 3},
        {"path": "/a", "kind": "timeout", "seconds": "soon"},
        {},
    ],
    ids=["path", "kind", "key", "number", "empty"],
)
def test_a_rule_that_cannot_be_read_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRuleError):
        read_rule(body, PATHS)
