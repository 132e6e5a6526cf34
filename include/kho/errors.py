"""Every error this project raises on purpose.

In: what happened, to which dataset and batch, where, and what a person can do about it.
Out: one readable line, whether trying again can help, and whose fault it is.

    KhoError
    ├── RetryableError              trying again later may succeed
    │   ├── SourceUnavailable       no usable answer: refused, timed out, 5xx, cut short
    │   ├── SourceThrottled         429; carries how long the source asks to wait
    │   ├── SourceLate              the source answers, but its data is not there yet
    │   ├── WarehouseUnavailable    the database does not answer
    │   └── ErasureDisturbed        data of the person came in while it was being erased
    └── FatalError                  trying again gives the same result
        ├── ConfigurationError      a setting, a connection or an argument is wrong
        │   ├── ConnectionMissing   no connection has this name
        │   └── ContractError       a contract or suite file is wrong
        ├── MigrationError          the warehouse's schema cannot be brought up to date
        ├── SourceRejected          the source answers, but not as its contract says
        │   ├── AuthenticationFailed    the source refuses our credentials
        │   └── SchemaDrifted           its columns are no longer those of the contract
        ├── ReconciliationError     rows were lost or invented between two steps
        ├── GateClosed              the data breaks a critical rule of the whole dataset
        └── HostError               the local machine: disk, port, permission, missing program

Errors survive pickling, so they can cross process boundaries.
"""

from typing import Any, ClassVar, Literal

Fault = Literal[
    "source_late",
    "gateway_down",
    "authentication",
    "contract_breach",
    "data_defect",
    "own_fault",
]
"""Whom a failure is attributed to; an agency is never blamed for the platform."""


class KhoError(Exception):
    """Base of all errors raised on purpose.

    Args:
        message: what happened, as a clause without a full stop.
        dataset: slug of the dataset concerned.
        batch: id of the batch concerned.
        where: file and line, endpoint, table, or folder concerned.
        next_step: what the reader should do now.
    """

    retryable: ClassVar[bool] = False
    fault: ClassVar[Fault] = "own_fault"

    def __init__(
        self,
        message: str,
        *,
        dataset: str | None = None,
        batch: str | None = None,
        where: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.dataset = dataset
        self.batch = batch
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        named = (
            ("dataset ", self.dataset),
            ("batch ", self.batch),
            ("at ", self.where),
        )
        context = ", ".join(f"{label}{value}" for label, value in named if value)
        line = self.message.strip().rstrip(".")
        if context:
            line = f"{line} ({context})"
        if self.next_step:
            line = f"{line}. Next: {self.next_step.strip().rstrip('.')}."
        return line


class RetryableError(KhoError):
    """Trying again later may succeed."""

    retryable = True


class SourceUnavailable(RetryableError):
    """The source gave no usable answer: refused, timed out, 5xx, or cut short."""

    fault = "gateway_down"


class SourceThrottled(RetryableError):
    """The source asks us to slow down.

    Args:
        retry_after: seconds to wait, when the source says so.
    """

    fault = "gateway_down"

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        dataset: str | None = None,
        batch: str | None = None,
        where: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, dataset=dataset, batch=batch, where=where, next_step=next_step)
        self.retry_after = retry_after


class SourceLate(RetryableError):
    """The source answers, but the data due by now is not there yet."""

    fault = "source_late"


class WarehouseUnavailable(RetryableError):
    """The database does not answer."""


class ErasureDisturbed(RetryableError):
    """Data of a person came in while it was being erased."""


class FatalError(KhoError):
    """Trying again gives the same result; a person has to act."""


class ConfigurationError(FatalError):
    """A setting, a connection or an argument is wrong."""


class ConnectionMissing(ConfigurationError):
    """No connection has this name."""


class ContractError(ConfigurationError):
    """A contract or suite file is wrong; `where` names file and line."""


class MigrationError(FatalError):
    """The warehouse's schema cannot be brought up to date."""


class SourceRejected(FatalError):
    """The source answers, but not as its contract says."""

    fault: ClassVar[Fault] = "contract_breach"


class AuthenticationFailed(SourceRejected):
    """The source refuses our credentials."""

    fault = "authentication"


class SchemaDrifted(SourceRejected):
    """The source's columns changed in a way that the contract does not allow; nothing was loaded.

    Args:
        drift: every change that was seen, as `Drift.as_json()` gives it.
    """

    def __init__(
        self,
        message: str,
        *,
        drift: dict[str, Any] | None = None,
        dataset: str | None = None,
        batch: str | None = None,
        where: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, dataset=dataset, batch=batch, where=where, next_step=next_step)
        self.drift = drift


class ReconciliationError(FatalError):
    """Rows were lost or invented between two steps."""


class GateClosed(FatalError):
    """The data breaks a critical rule of the whole dataset; nothing of it was loaded."""

    fault = "data_defect"


class HostError(FatalError):
    """The local machine is in the way: disk, port, permission, missing program."""
