"""The closed loop that improves a task's model, and its parts. Read the module `loop` first.

- `loop`: the loop itself, with the order of the stages and the rules to stop
- `round_run`, `stage_job`, `stage_pages`: one round, one stage notebook, and the HTML and PDF pages made from it
- `record`, `completeness`: the loop's run in MLflow, and the check that all its outputs still exist
- `experiment_run`: a single round on one dataset, requested through the API
- `remote_stages`, `job_host`, `task_bundle`: stages that Celery workers on other machines run
- `sweep`: one task with several settings and random seeds, compared on development rows
"""
