"""Redaction of log lines, whoever writes them: a library may quote the URL that it could not reach."""

from __future__ import annotations

import logging
from typing import Any

from veritrain_lib.redaction.process_secrets import redact

_FORMATTER = logging.Formatter()


def redact_logs() -> None:
    """Remove secrets from message and traceback of every log record of this process."""
    create = logging.getLogRecordFactory()
    if getattr(create, "hides", False):
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
