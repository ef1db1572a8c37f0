"""Every exception that the linter raises.

::

    StripeLintError
    ├── ConfigError      the configuration, an option or a rule code is not valid
    ├── Declined         a finding can't be fixed, with the reason
    │   └── UnsafeOnly   … unless the user allows it
    └── SourceError      a file can't be found, read, decoded or parsed

The message of each is one line that a user can act on; the command prints it and exits with 2.
"""

from __future__ import annotations


class StripeLintError(Exception):
    """Base of all errors that end in one clear line for the user."""


class ConfigError(StripeLintError):
    """The configuration, an option or a rule code is not valid."""


class Declined(StripeLintError):  # noqa: N818 - a decision, not a failure
    """A finding can't be fixed; the message is the reason, which follows ``not fixed:`` in the report."""


class UnsafeOnly(Declined):
    """A finding is not fixed because its repair may change what a correct program does; the message says what."""


class SourceError(StripeLintError):
    """A file can't be found, read, decoded or parsed.

    ``line`` and ``column`` (both from 1) tell where, when the place is known.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        """The one line for the user, and the place that it speaks of."""
        super().__init__(message)
        self.line = line
        self.column = column
