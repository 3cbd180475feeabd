"""The six stages, in the order of the loop: probe, generate, gate, train, evaluate, report.

Each module has a Config (its parameters), `run(...)`, which is pure (everything it needs comes in, everything
it found goes out), and a Result that shows itself in a notebook.
"""

NAMES = ("probe", "generate", "gate", "train", "evaluate", "report")
