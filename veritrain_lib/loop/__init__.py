"""The closed loop and its parts. Read `loop` first: the order of the stages and the rules to stop.

- `round_run`, `stage_job`, `stage_pages`: one round, one stage notebook, and the pages made of it
- `record`, `completeness`: the loop's run in MLflow, and whether all that the loop made is still there
- `experiment_run`: a single round on one dataset, requested by itself
"""
