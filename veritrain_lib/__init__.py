"""Veri-Train: improving a model as a closed, verified loop.

Read in this order: `task` (what is asked of a model), `records` (what passes between rooms),
`loop` (the whole flow), then `stages` (probe, generate, gate, train, evaluate, report).
"""

__version__ = "0.1.0"
