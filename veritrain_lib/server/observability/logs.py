"""JSON logging of a serving process on standard error: lines of our code, uvicorn and MLflow.

uvicorn reads `uvicorn.json` beside this file and sets up logging with it in each worker process.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import structlog

from veritrain_lib.redaction import redact_logs, redact_value

CONFIGURATION = Path(__file__).with_name("uvicorn.json")

LOGGER = "veritrain.server"

_QUERY = re.compile(r"\?[^\s\"']+")


class QueryStringFilter(logging.Filter):
    """Logging filter that removes query strings: they may hold a token (a page's WebSocket can send no header)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the message; no line is dropped."""
        message = record.getMessage()
        if "?" in message:
            record.msg, record.args = _QUERY.sub("?...", message), ()
        return True


def formatter() -> logging.Formatter:
    """Return the formatter that `uvicorn.json` names, and log Python's warnings too."""
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
    """Return the server's own logger, which writes where logging is configured to write."""
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
    """Redact secrets of the environment and passwords in URLs."""
    return {
        name: redact_value(value)
        if isinstance(value, str | dict | list | tuple) and name != "exc_info"
        else value
        for name, value in event.items()
    }


def _shared_processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
        _redact_event,
    ]
