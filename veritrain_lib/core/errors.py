"""Errors a user can mend. The command line shows their text, without a traceback."""


class UserError(Exception):
    """A user's mistake: says what was wrong, the value, what is allowed and what to do.

    `exit_code` is what the command line ends with (2: wrong usage).
    """

    exit_code = 2


class Refused(UserError):
    """A gate or a rule of the workbench said no: blocked data, a model against itself, a leak (exit code 1)."""

    exit_code = 1


class OutOfMoney(Refused):
    """A cap of money does not allow what comes next; what was paid for is kept (exit code 1)."""


class Infrastructure(UserError):
    """Something outside the data and the task failed: a store, a kernel, a disk (exit code 3)."""

    exit_code = 3


class WaitingForPeople(UserError):
    """Work that only people can do is left, for example rows to label (exit code 4)."""

    exit_code = 4
