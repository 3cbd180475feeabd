"""The record, and the only room that knows mlflow.

`store` which store and its client, `runs` runs and how they ended, `datasets` name@version,
`models` the registry and its aliases, `looks` the counted looks at the sealed test set.
"""
