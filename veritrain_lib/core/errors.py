"""Errors that a user can fix; the command line shows their message without a traceback."""


class UserError(Exception):
    """Error that a user can fix; the message says what is wrong, the value, what is allowed and what to do.

    `exit_code` is the exit code of the command line (2: wrong usage).
    """

    exit_code = 2


class Refused(UserError):
    """Error: a gate or a rule forbids the work, such as training on a blocked dataset (exit code 1)."""

    exit_code = 1


class BudgetExceeded(Refused):
    """Error: the next paid call would exceed a spending limit; answers paid for so far are kept (exit code 1)."""


class Infrastructure(UserError):
    """Error: something outside the data and the task failed, such as a database, a kernel or a disk (exit code 3)."""

    exit_code = 3


class HumanInputRequired(UserError):
    """Error: only work for people is left, for example rows to label (exit code 4)."""

    exit_code = 4


def class_of(name: str, default: type[UserError] = Infrastructure) -> type[UserError]:
    """Return the error class of this module that has a given name; `default` if there is none of that name.

    It serves to raise an error that another process has reported by its name.
    """
    known = (Refused, BudgetExceeded, UserError, HumanInputRequired, Infrastructure)
    return {kind.__name__: kind for kind in known}.get(name, default)
