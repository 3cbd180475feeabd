"""Redaction of log lines, including those that libraries write: an error may quote a URL with a password."""

from __future__ import annotations

import logging
from typing import Any

from veritrain_lib.redaction.process_secrets import redact

_FORMATTER = logging.Formatter()


def redact_logs() -> None:
    """Make this process remove secrets from the message and the traceback of every log record.

    It replaces the log record factory of Python's `logging`.
    """
    create = logging.getLogRecordFactory()
    if getattr(create, "is_redacting", False):
        return

    def make_redacted(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = create(*arguments, **named)
        if isinstance(record.msg, str):  # structlog's messages are mappings, and it redacts them itself
            message = record.getMessage()
            redacted = redact(message)
            if redacted != message:
                record.msg, record.args = redacted, ()
        if record.exc_info and record.exc_info[0] is not None:
            # A formatter uses this text instead of formatting the exception again.
            record.exc_text = redact(_FORMATTER.formatException(record.exc_info))
        return record

    make_redacted.is_redacting = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_redacted)
