"""The closed loop and its parts. Read `loop` first: the order of the stages and the rules to stop.

- `round_run`, `stage_job`, `stage_pages`: one round, one stage notebook, and the pages made of it
- `record`, `completeness`: what the record knows of a loop, and whether all that it made is still there
- `experiment_run`: one round that somebody asked for by itself, on one dataset
"""
