"""Sweeps: one task run with several settings and random seeds, and compared on development rows.

A cell is one combination of settings with one seed; an arm is the cells that differ in the seed only. `sweep_file`
reads the sweep file, `cells` makes the cells, `cell_run` runs one cell, `run` runs or resumes all of them, and `result`
compares them. The held-out test set stays locked: only the evaluation whose command the result names can promote a
model.
"""

from veritrain_lib.loop.sweep.run import run_sweep

__all__ = ["run_sweep"]
