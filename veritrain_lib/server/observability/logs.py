"""Every line of a serving process as one JSON object on standard error: ours, uvicorn's and MLflow's.

`uvicorn.json` beside this file is handed to uvicorn, which sets logging up by it in each worker process.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import structlog

from veritrain_lib.redaction import hide_in_logs, redact_value

CONFIGURATION = Path(__file__).with_name("uvicorn.json")

LOGGER = "veritrain.server"

_QUERY = re.compile(r"\?[^\s\"']+")


class WithoutQueries(logging.Filter):
    """Takes query strings out of a line: a token may stand in one (WebSockets can send no header from a page)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the message; every line stays."""
        said = record.getMessage()
        if "?" in said:
            record.msg, record.args = _QUERY.sub("?...", said), ()
        return True


def formatter() -> logging.Formatter:
    """The formatter that `uvicorn.json` names. Python's warnings become lines of the log too."""
    logging.captureWarnings(True)
    hide_in_logs()
    shared: list[Any] = _shared()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _hidden,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def log() -> Any:
    """The server's own logger. Its lines go where logging was told to put them."""
    return structlog.wrap_logger(
        logging.getLogger(LOGGER),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
    )


def _hidden(logger: Any, method: str, said: Any) -> Any:
    """A line without secrets of the environment and passwords in addresses."""
    return {
        name: redact_value(value)
        if isinstance(value, str | dict | list | tuple) and name != "exc_info"
        else value
        for name, value in said.items()
    }


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
        _hidden,
    ]
