"""JSON logging of a server process on standard error, for our own code, uvicorn and MLflow.

uvicorn reads `uvicorn.json` beside this file, by which it sets up logging in each of its processes.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import structlog

from veritrain_lib.redaction import redact_logs, redact_value

CONFIGURATION = Path(__file__).with_name("uvicorn.json")
"""Path of the logging configuration that uvicorn reads."""

LOGGER = "veritrain.server"
"""Name of the server's own logger."""

_QUERY = re.compile(r"\?[^\s\"']+")


class QueryStringFilter(logging.Filter):
    """Logging filter that removes the query strings of URLs, since they may contain a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace query strings in a log record by `?...`; always return True, so no record is dropped."""
        message = record.getMessage()
        if "?" in message:
            record.msg, record.args = _QUERY.sub("?...", message), ()
        return True


def formatter() -> logging.Formatter:
    """Return the log formatter that writes JSON, named in `uvicorn.json`; also let Python's warnings go to the log."""
    logging.captureWarnings(True)
    redact_logs()
    shared_processors: list[Any] = _shared_processors()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared_processors,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def log() -> Any:
    """Return the server's own logger, which takes values as keyword arguments (structlog)."""
    return structlog.wrap_logger(
        logging.getLogger(LOGGER),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
    )


def _redact_event(logger: Any, method: str, event: Any) -> Any:
    """Return a log event in which secrets of the environment and passwords in URLs are masked."""
    return {
        name: redact_value(value)
        if isinstance(value, str | dict | list | tuple) and name != "exc_info"
        else value
        for name, value in event.items()
    }


def _shared_processors() -> list[Any]:
    """Return the structlog processors that add request id, level, logger and time to an event, and mask its secrets."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
        _redact_event,
    ]
