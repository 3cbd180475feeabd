"""The record, and the only room that knows mlflow.

`store` which store and its client, `runs` runs and how they ended, `datasets` name@version,
`models` the registry and its aliases, `served` the form in which MLflow serves a model, `opened` a model
from the registry that answers, `looks` the counted looks at the sealed test set.
"""
