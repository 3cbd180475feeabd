"""MLflow tracking: runs, datasets, models and prompts in the MLflow store. No other package imports MLflow.

Where to look:

- `store`: which MLflow store is used, and its client. `address`: its tracking URI; `reachability`: whether it can be
  opened; `retrying_client`: retries while it is away; `disk_reserve`: reserved disk space for closing runs on a full
  disk; `store_template`: a new store without migrations.
- `runs`: opening and closing runs; `lookup`: finding them; `artifacts`: their files; `entities`: the types that
  describe them; `sqlite_reader`: fast reads of the project's own SQLite store.
- `datasets`: datasets by name@version; `models`: the model registry and its aliases; `served_model`: the form in which
  MLflow serves a model; `pyfunc_model`: a model of the registry that answers; `looks`: the counted test-set
  evaluations.
- `warm_up`: preparation before a process is forked.
"""
