"""Errors: one readable line, an honest hint about retrying, and safe passage between processes."""

import pickle
from typing import get_args

import pytest

from kho import errors
from kho.errors import Fault, KhoError

ALL = [error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, KhoError)]


def test_the_line_names_context_and_next_step() -> None:
    error = errors.SourceUnavailable(
        "the gateway answered 503.",
        dataset="public_service_dossiers",
        batch="b1",
        where="GET /danhSachHoSo",
        next_step="wait for the gateway.",
    )
    assert str(error) == (
        "the gateway answered 503 (dataset public_service_dossiers, batch b1, "
        "at GET /danhSachHoSo). Next: wait for the gateway."
    )


def test_the_line_is_the_message_alone_without_context() -> None:
    assert str(errors.HostError("the disk is full")) == "the disk is full"


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_every_error_is_in_the_tree_and_has_a_fault(error: type[KhoError]) -> None:
    assert errors.__doc__ is not None
    assert f" {error.__name__} " in errors.__doc__.replace("\n", " ")
    assert error.fault in get_args(Fault)
    assert error.retryable is issubclass(error, errors.RetryableError)


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_every_error_survives_pickling(error: type[KhoError]) -> None:
    sent = error("broken", dataset="d", batch="b", where="w", next_step="n")
    received = pickle.loads(pickle.dumps(sent))
    assert type(received) is error
    assert vars(received) == vars(sent)
    assert str(received) == str(sent)


def test_throttling_carries_the_wait_through_pickling() -> None:
    sent = errors.SourceThrottled("slow down", retry_after=2.5)
    assert pickle.loads(pickle.dumps(sent)).retry_after == 2.5
