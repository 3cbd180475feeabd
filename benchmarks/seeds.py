"""Parallel runs of one function for many seeds: one notebook for each seed, on warm kernels."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = Path(__file__).with_name("seed.ipynb")


def by_seed(
    function: str,
    seeds: Sequence[int],
    arguments: dict[str, Any],
    *,
    at_once: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> list[Any]:
    """Run a function for each seed and return the results in order.

    Args:
        function: `module:function`; called as `function(seed=..., **arguments)`, it returns a JSON-serializable value.
        seeds: the seeds.
        arguments: its other arguments, JSON-serializable.
        at_once: maximum number of parallel runs; 0 for the number that suits the machine.
        say: called when a seed is done.

    Raises:
        RuntimeError: the notebook of a seed did not finish; the message says why.
    """
    from veritrain_lib.execution.parallel import execute_all
    from veritrain_lib.execution.prepared_notebook import PreparedNotebook

    with tempfile.TemporaryDirectory() as folder:
        results = [Path(folder) / f"{seed}.json" for seed in seeds]
        prepared = [
            PreparedNotebook(
                NOTEBOOK,
                result.with_suffix(".ipynb"),
                {
                    "function": function,
                    "arguments": json.dumps(arguments),
                    "seed": seed,
                    "result": str(result),
                },
                cwd=ROOT,
                warm=True,
            )
            for seed, result in zip(seeds, results, strict=True)
        ]
        outcomes = execute_all(
            prepared,
            at_once=at_once,
            on_done=lambda place, outcome: say(f"seed {seeds[place]}: {outcome.seconds:.0f} s"),
        )
        for seed, outcome in zip(seeds, outcomes, strict=True):
            if not outcome.ok:
                raise RuntimeError(f"seed {seed} {outcome.status}: {outcome.error}")
        return [json.loads(result.read_text(encoding="utf-8")) for result in results]


def call(function: str, seed: int, arguments: str, result: str) -> Any:
    """Call `module:function` for a seed, store its result as JSON, and return it."""
    module, _, name = function.partition(":")
    found = getattr(import_module(module), name)(seed=seed, **json.loads(arguments))
    if result:
        Path(result).write_text(json.dumps(found), encoding="utf-8")
    return found
