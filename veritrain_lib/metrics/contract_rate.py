"""Share of responses that keep the task's output contract."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.accuracy import answers

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class ContractRate:
    """Share of responses, 0 to 1, whose raw text is JSON that the task's JSON Schema accepts.

    The dialect is the schema's `$schema`, 2020-12 without one; `format` only annotates, as that dialect says.
    Text that is no JSON (NaN and Infinity are none) and a response with an error count as broken. Numbers are
    compared exactly, however many digits they have, but for an exponent beyond all reckoning (1e-99999999999999999999),
    which counts as broken; of a key that is given twice the last one counts.

    Raises UserError when the contract is no valid JSON Schema or refers to another document: none is fetched.
    """

    name = "contract_rate"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        import jsonschema_rs

        try:
            self._validator = jsonschema_rs.validator_for(task.contract, offline=True, validate_formats=False)
        except ValueError as error:
            raise UserError(f"task {task.name}: the contract is no usable JSON Schema: {error}") from error
        self._contract = of_json(task.contract)[:12]
        self._judged: dict[str, bool] = {}

    def signature(self) -> str:
        """What made the number."""
        from importlib.metadata import version

        return (
            f"{self.name}|v{self.version}|contract:{self._contract}|jsonschema-rs:{version('jsonschema-rs')}"
        )

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): 1 where the contract is kept, else 0. The references give the number of rows."""
        import numpy as np

        answers(references, responses)
        return np.array([float(self._kept(response)) for response in responses])

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The share of responses that keep the contract."""
        return float(self.per_row(references, responses).mean())

    def _kept(self, response: Response) -> bool:
        if response.error is not None:
            return False
        # A bootstrap asks about the same texts hundreds of times.
        kept = self._judged.get(response.raw)
        if kept is None:
            kept = self._judged[response.raw] = self._is_valid(response.raw)
        return kept

    def _is_valid(self, raw: str) -> bool:
        try:
            said = json.loads(raw, parse_constant=_refuse, parse_float=Decimal)
            return bool(self._validator.is_valid(said))
        # No JSON, a lone surrogate, nested beyond reading, or an exponent that no decimal number has.
        except (ValueError, RecursionError, ArithmeticError):
            return False


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")
