"""Attributes of a stage (`stage.rows`, `stage.suite`, `stage.plan`) that a notebook's cell may read before it runs.

Open this to add such an attribute. Its value comes from the method `offers` in the stage's `record.py`; the stage's
`EDITABLE` says whether a cell may replace it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.suite import Suite
    from veritrain_lib.stages.evaluate.look_forecast import LookForecast
    from veritrain_lib.stages.train.trainer_settings import TrainerSettings


class Offered:
    """Base class of a stage's run that gives its inputs to notebook cells as attributes, such as `stage.rows`.

    Tab completion lists only the attributes that the stage has; any other raises AttributeError. A value is a copy, so
    changing it in place does not change the stage.
    """

    stage: str

    def offers(self) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of attribute name to the function that computes its value; each subclass defines it."""
        raise NotImplementedError

    def _offer(self, name: str) -> Any:
        offers = self.offers()
        if name not in offers:
            raise AttributeError(
                f"stage {self.stage} has no {name}; it offers: {', '.join(offers) or 'nothing'}"
            )
        return offers[name]()

    @property
    def rows(self) -> pd.DataFrame:
        """The rows that the stage reads: accepted so far (generate), to be judged (gate), to be trained on (train).

        Raises:
            AttributeError: when the stage has no such input.
        """
        rows: pd.DataFrame = self._offer("rows")
        return rows

    @property
    def development(self) -> pd.DataFrame:
        """The development rows, on which models are measured and never trained (stages probe, train, evaluate).

        Raises:
            AttributeError: when the stage has no such input.
        """
        rows: pd.DataFrame = self._offer("development")
        return rows

    @property
    def plan(self) -> pd.DataFrame:
        """The plan of new rows: a table with the number of rows that each slice shall get (stage generate).

        Raises:
            AttributeError: when the stage has no such input.
        """
        plan: pd.DataFrame = self._offer("plan")
        return plan

    @property
    def suite(self) -> Suite:
        """The gate suite: the rules and limits by which rows are judged (stage gate).

        Raises:
            AttributeError: when the stage has no such input.
        """
        suite: Suite = self._offer("suite")
        return suite

    @property
    def trainer(self) -> TrainerSettings:
        """The trainer that will make the challenger, with its parameters (stage train).

        Raises:
            AttributeError: when the stage has no such input.
        """
        settings: TrainerSettings = self._offer("trainer")
        return settings

    @property
    def looks(self) -> LookForecast:
        """Forecast of the comparisons still allowed on the held-out test set (looks), for stage evaluate.

        It contains their number and the smallest gain that the next one can prove.

        Raises:
            AttributeError: when the stage has no such input.
        """
        forecast: LookForecast = self._offer("looks")
        return forecast

    @property
    def rounds(self) -> pd.DataFrame:
        """The table of the rounds that the report is about, one row per round (stage report).

        Raises:
            AttributeError: when the stage has no such input.
        """
        rounds: pd.DataFrame = self._offer("rounds")
        return rounds

    @property
    def remarks(self) -> list[str]:
        """The remarks that a person adds to the report, one text per paragraph (stage report).

        Raises:
            AttributeError: when the stage has no such input.
        """
        remarks: list[str] = self._offer("remarks")
        return remarks

    def __dir__(self) -> list[str]:
        """List the names of attributes for tab completion, without those that this stage does not offer."""
        others = {name for name, member in vars(Offered).items() if isinstance(member, property)}
        return sorted(set(super().__dir__()) - (others - set(self.offers())))
