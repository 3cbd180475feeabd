"""Access to MLflow, which stores all work of a project: runs, datasets, models and prompts.

No other package imports MLflow. Open one of these modules:
- `store`: which MLflow store is used, and its client. `address`: its tracking URI; `reachability`: whether it can be
  opened; `retrying_client`: retries while the store can't be reached; `disk_reserve`: reserved disk space for closing
  runs on a full disk; `store_template`: a new store without MLflow's slow migrations.
- `runs`: opening and closing runs; `lookup`: finding them; `artifacts`: their files; `entities`: the types that
  describe them; `sqlite_reader`: fast reads of the project's own SQLite store.
- `datasets`: datasets by name@version; `models`: the model registry and its aliases; `served_model`: the form in which
  MLflow serves a model; `pyfunc_model`: a registered model that answers rows; `looks`: the counted comparisons of
  models on held-out test sets.
- `event_log`: events of a run, for showing progress live; `run_events`: its start and end.
- `warm_up`: preparation before a process is forked.
"""
