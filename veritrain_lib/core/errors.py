"""Errors that a user can fix. The command line shows their message, without a traceback."""


class UserError(Exception):
    """A user's mistake; the message states what is wrong, the value, what is allowed and what to do.

    `exit_code` is the exit code of the command line (2: wrong usage).
    """

    exit_code = 2


class Refused(UserError):
    """A gate or a rule said no: blocked data, a model compared with itself, a leak (exit code 1)."""

    exit_code = 1


class BudgetExceeded(Refused):
    """A spending cap does not allow the next call; what was paid for is kept (exit code 1)."""


class Infrastructure(UserError):
    """Something outside the data and the task failed: a store, a kernel, a disk (exit code 3)."""

    exit_code = 3


class HumanInputRequired(UserError):
    """Work that only people can do is left, for example rows to label (exit code 4)."""

    exit_code = 4
