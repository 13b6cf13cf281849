"""What the server logs: uvicorn's messages and this package's, as they may be printed."""

import copy
import logging
from asyncio import CancelledError
from typing import Any

from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter, DefaultFormatter

from rag.output.safe_output import PrintableFormatter, on_one_line


def log_config() -> dict[str, Any]:
    """uvicorn's own, with this package's messages among its own."""
    config = copy.deepcopy(LOGGING_CONFIG)
    for name, formatter in (("default", MessageFormatter), ("access", RequestFormatter)):
        config["formatters"][name]["()"] = formatter
    config["filters"] = {"foreseen": {"()": _CancellationFilter}}
    config["handlers"]["default"]["filters"] = ["foreseen"]
    config["loggers"]["api"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config


class MessageFormatter(PrintableFormatter, DefaultFormatter):
    """uvicorn's, of what may be printed."""


class RequestFormatter(AccessFormatter):
    """uvicorn's, of what may be printed."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record = copy.copy(record)
        record.args = tuple(
            on_one_line(argument) if isinstance(argument, str) else argument
            for argument in record.args or ()
        )
        return super().formatMessage(record)


class _CancellationFilter(logging.Filter):
    """Leaves out the tracebacks of requests that a stop did not wait for; one line tells of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], CancelledError))
