"""Trainers of users: a function in a Python file beside the task file that returns a scikit-learn estimator.

docs/own_trainer.md has a worked example. The fitted estimator is stored as MLflow's scikit-learn model.
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.served import joined
from veritrain_lib.models.sklearn_model import SklearnModel, fitted_columns, frame_of, sklearn_model
from veritrain_lib.trainers.base import StandAlone, Trainer, require_empty_folder
from veritrain_lib.trainers.tfidf_svc import training_answers
from veritrain_lib.trust import own_code, skops_types

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

FUNCTION = "make"
"""Name of the function that the file must define."""

PAGE = "docs/own_trainer.md"


@dataclass(frozen=True)
class OwnTrainerType:
    """Factory of a user's own trainer, which is defined in a Python file (protocol `TrainerFactory`).

    The file is run when the factory is called, not before.

    Attributes:
        name: name of the trainer.
        path: absolute path of the file.
        file: path of the file as the task file gives it.
    """

    name: str
    path: Path
    file: str
    answers: ClassVar[tuple[str, ...]] = ("labels",)
    paid: ClassVar[bool] = False
    slow: ClassVar[bool] = True
    """True, because it is unknown how long a training of a user's estimator takes.

    Other stages (checks of the gate, choice of rows) therefore train the built-in student model instead.
    """

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The parameter names of the user's function `make`; empty if the file does not define it.

        They are read from the file's syntax without running it.
        """
        functions, _ = own_code.parse_own_file(self.path, self._subject)
        return tuple(functions[FUNCTION].parameters) if FUNCTION in functions else ()

    def __call__(self, **parameters: Any) -> OwnTrainer:
        """Return the user's trainer with the given parameters.

        The user's function is called once at this point, so that a mistake in it is found before any rows are
        read.

        Raises:
            UserError: the file can't be used, or its function refuses the parameters or returns no estimator.
        """
        own_code.require_free_name("trainers", self.name, self._subject)
        function = self._function()
        if problem := own_code.parameter_problem(inspect.signature(function), (), parameters):
            raise UserError(f"{self._subject}: {FUNCTION}: {problem}")

        def make() -> Any:
            try:
                return function(**parameters)
            except Exception as error:
                raise UserError(own_code.describe_failure(error, self.path, self._subject)) from error

        trainer = OwnTrainer(self.name, self._subject, make)
        trainer.estimator()
        return trainer

    @property
    def _subject(self) -> str:
        return f"trainer: {self.file}"

    def _function(self) -> Callable[..., Any]:
        return own_code.load_own_function(self.path, self._subject, FUNCTION, PAGE)


@dataclass(frozen=True)
class FittedSklearn(StandAlone):
    """Scikit-learn estimator that a user's own trainer has fitted (protocol `Fitted`).

    Attributes:
        estimator: the fitted estimator.
        model: the estimator as a model that answers rows.
        columns: names of the columns that it was fitted on; empty if it was fitted on texts.
    """

    estimator: Any
    model: SklearnModel
    columns: tuple[str, ...]

    @property
    def served(self) -> None:
        """None: MLflow's own scikit-learn flavor serves the estimator."""
        return None

    def save(self, folder: Path) -> None:
        """Write the estimator as `model.skops` into an empty folder; MLflow and skops can open this file.

        Raises:
            UserError: the folder is not empty.
        """
        import skops.io

        require_empty_folder(folder).mkdir(parents=True, exist_ok=True)
        skops.io.dump(self.estimator, folder / skops_types.SKOPS_FILE)


class OwnTrainer(Trainer):
    """Trainer that fits the scikit-learn estimator which a user's own function returns.

    A task with one input fits the estimator on a list of texts. With several inputs, or if the estimator
    begins with a `ColumnTransformer`, it is fitted on a data frame of the inputs. Every `random_state` that
    the user left at None is set to the seed.

    Args:
        name: name of the trainer.
        subject: key in the task file and name of the user's file, for messages.
        make: function that returns a new estimator.
    """

    answers = ("labels",)

    def __init__(self, name: str, subject: str, make: Callable[[], Any]) -> None:
        self.name = name
        self._subject = subject
        self._make = make

    def estimator(self) -> Any:
        """Return a new estimator from the user's function, after checking it.

        It must be able to be fitted, to predict and to be stored.

        Raises:
            UserError: the function fails, or its result fails a check.
        """
        estimator = self._make()
        lacking = [
            method
            for method in ("fit", "predict", "get_params")
            if not callable(getattr(estimator, method, None))
        ]
        if isinstance(estimator, type) or lacking:
            raise UserError(
                f"{self._subject}: {FUNCTION} must return a scikit-learn estimator or pipeline that can fit and predict, not "
                f"{estimator!r:.120}{f' (no {lacking[0]})' if lacking and not isinstance(estimator, type) else ''}"
            )
        self._require_storable(estimator)
        return estimator

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedSklearn:
        """Fit the user's scikit-learn estimator on the inputs of the rows and return it as a trained model.

        Args:
            task: the task; its answers must be labels.
            rows: training rows with an answer each, with the columns that `core.records` defines.
            seed: value for every `random_state` of the estimator that is None.

        Raises:
            UserError: the task's answers are free text, the rows can't be learned from (as in
                `TfidfSvc.train`), or the estimator can't be fitted on them.
        """
        if not task.labels:
            raise UserError(
                f"{self._subject}: a trainer of one's own learns labels, and the answers of task {task.name} are free text "
                "(target.labels is not set); use the trainer memory or lora"
            )
        answers = training_answers(task, rows)
        inputs = list(task.inputs)
        estimator = self.estimator()
        open_states = {
            name: seed
            for name, value in estimator.get_params().items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        if open_states:
            estimator.set_params(**open_states)
        by_column = len(inputs) > 1 or _reads_columns(estimator)
        features = frame_of(rows, inputs) if by_column else joined(rows, inputs)
        try:
            estimator.fit(features, answers)
        except Exception as error:
            given = (
                f"a data frame with the columns {', '.join(inputs)}: a step that reads texts goes into a ColumnTransformer"
                if by_column
                else "a list of texts"
            )
            raise UserError(
                f"{self._subject}: fit failed on {len(rows)} rows with {type(error).__name__}: {error} (it was given {given}; "
                f"{PAGE})"
            ) from error
        columns = tuple(fitted_columns(estimator))
        if by_column and not columns:
            raise UserError(
                f"{self._subject}: task {task.name} has the inputs {', '.join(inputs)}, and the estimator did not look at their "
                f"names; begin the pipeline with a ColumnTransformer ({PAGE})"
            )
        self._require_storable(estimator)
        return FittedSklearn(estimator, sklearn_model(f"sklearn:{self.name}", estimator, task), columns)

    def _require_storable(self, estimator: Any) -> None:
        """Check that the estimator consists only of classes from installed packages, so that it can be opened again.

        Raises:
            UserError: the estimator can't be stored, or contains a class or function of the user's file.
        """
        import skops.io

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / skops_types.SKOPS_FILE
            try:
                skops.io.dump(estimator, file)
                types = skops_types.named_types(file)
            except Exception as error:
                raise UserError(
                    f"{self._subject}: the estimator can't be stored as a skops file: {type(error).__name__}: {error}"
                ) from error
        own = [name for name in types if own_code.is_own_code(name)]
        if own:
            names = ", ".join(name.partition(".")[2] for name in own)
            raise UserError(
                f"{self._subject}: the estimator holds {names}, which only this file defines: the stored model would be code that "
                "a model server does not have. Use classes and functions of installed packages (such as scikit-learn's own), "
                f"or make your class a package ({PAGE})"
            )


def _reads_columns(estimator: Any) -> bool:
    """Return whether an estimator begins with a ColumnTransformer, also within a pipeline or parameter search."""
    from sklearn.compose import ColumnTransformer

    first = estimator
    while not isinstance(first, ColumnTransformer):
        if hasattr(first, "steps"):
            first = first.steps[0][1]
        elif getattr(first, "estimator", None) is not None:
            first = first.estimator
        else:
            return False
    return True
