"""One function for many seeds: a notebook a seed, several at once on warm kernels."""

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
    """What a function found for each seed, in order.

    Args:
        function: `module:function`; called as `function(seed=..., **arguments)`, it gives back what JSON can
            hold.
        seeds: The seeds.
        arguments: Its other arguments; what JSON can hold.
        at_once: How many at most; 0 for as many as the machine bears.
        say: Told when a seed is done.

    Raises:
        RuntimeError: A seed's notebook did not finish; the message says why.
    """
    from veritrain_lib.execution.parallel import execute_all
    from veritrain_lib.execution.prepared_notebook import Prepared

    with tempfile.TemporaryDirectory() as folder:
        results = [Path(folder) / f"{seed}.json" for seed in seeds]
        prepared = [
            Prepared(
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
    """Call `module:function` for a seed, store what it gives back as JSON, and give it back."""
    module, _, name = function.partition(":")
    found = getattr(import_module(module), name)(seed=seed, **json.loads(arguments))
    if result:
        Path(result).write_text(json.dumps(found), encoding="utf-8")
    return found
