"""What can go wrong around the sandbox.

SandboxError (a `FatalError`)
├── SandboxConfigurationError   a file of reference data or of the sandbox cannot be used as it is
├── SandboxNotRunningError      nothing answers where the sandbox should be; start it
├── SandboxStartError           the server did not come up; the message names the cause and the log
└── SandboxFinanceError         the finance agency's database could not be brought to the date
"""

from kho.errors import FatalError


class SandboxError(FatalError):
    """Base of the sandbox's errors."""


class SandboxConfigurationError(SandboxError):
    """Reference data or the sandbox's own files are missing or wrong."""


class SandboxNotRunningError(SandboxError):
    """The sandbox does not answer; `kho sandbox up` starts it."""


class SandboxStartError(SandboxError):
    """The server did not come up."""


class SandboxDatabaseError(SandboxError):
    """An agency's database could not be reached or changed."""
