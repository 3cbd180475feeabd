"""Log lines without secrets, whoever writes them: a library may quote the address that it could not reach."""

from __future__ import annotations

import logging
from typing import Any

from veritrain_lib.redaction.process_secrets import redact

_FORMATTER = logging.Formatter()


def hide_in_logs() -> None:
    """Have every log record of this process made without secrets: its message and its traceback."""
    make = logging.getLogRecordFactory()
    if getattr(make, "hides", False):
        return

    def hiding(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        if isinstance(record.msg, str):  # structlog's are mappings, and it hides for itself
            said = record.getMessage()
            hidden = redact(said)
            if hidden != said:
                record.msg, record.args = hidden, ()
        if record.exc_info and record.exc_info[0] is not None:
            # What a formatter finds here it does not make again.
            record.exc_text = redact(_FORMATTER.formatException(record.exc_info))
        return record

    hiding.hides = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(hiding)
