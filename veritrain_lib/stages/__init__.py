"""The six stages as pure functions, in the order of the loop: probe, generate, gate, train, evaluate, report.

Each of these modules has a Config (its parameters), `run(...)`, which reads and writes nothing beside its arguments and
its result, and a Result that shows itself in a notebook. What connects them to MLflow is in `stage_io`.
"""

NAMES = ("probe", "generate", "gate", "train", "evaluate", "report")
