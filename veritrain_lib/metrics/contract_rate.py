"""Metric `contract_rate`: share of a model's responses that comply with the task's output contract."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class ContractRate(Metric):
    """Metric: share of responses, 0 to 1, whose raw text is JSON that the task's output contract accepts.

    The output contract is a JSON Schema. The dialect is the schema's `$schema`, or 2020-12 if it has none; `format` is
    only an annotation, as in that dialect. Text that is not JSON (including NaN and Infinity) and a response with an
    error count as violations. Numbers are compared exactly, whatever their number of digits, except that an extreme
    exponent (1e-99999999999999999999) counts as a violation. Of a duplicate key the last value counts.

    Raises:
        UserError: the contract is not a valid JSON Schema or refers to another document, which is never downloaded.
    """

    name = "contract_rate"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        import jsonschema_rs

        try:
            self._validator = jsonschema_rs.validator_for(task.contract, offline=True, validate_formats=False)
        except ValueError as error:
            raise UserError(f"task {task.name}: the contract is not a valid JSON Schema: {error}") from error
        self._contract = of_json(task.contract)[:12]
        self._results: dict[str, bool] = {}

    def signature(self) -> str:
        """Return what determines the rate (name, version, digest of the contract, library), as one line of text."""
        from importlib.metadata import version

        return (
            f"{self.name}|v{self.version}|contract:{self._contract}|jsonschema-rs:{version('jsonschema-rs')}"
        )

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return 1 for each response that complies with the output contract, else 0; an array of shape (rows,)."""
        import numpy as np

        best_answers(references, responses)
        return np.array([float(self._complies(response)) for response in responses])

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the share of responses that comply with the output contract, 0 to 1."""
        return float(self.per_row(references, responses).mean())

    def _complies(self, response: Response) -> bool:
        if response.error is not None:
            return False
        # A bootstrap evaluates the same texts hundreds of times.
        result = self._results.get(response.raw)
        if result is None:
            result = self._results[response.raw] = self._is_valid(response.raw)
        return result

    def _is_valid(self, raw: str) -> bool:
        try:
            content = json.loads(raw, parse_constant=_refuse, parse_float=Decimal)
            return bool(self._validator.is_valid(content))
        # Not JSON, a lone surrogate, nested too deeply, or an exponent that Decimal can't hold.
        except (ValueError, RecursionError, ArithmeticError):
            return False


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
