"""The record, and the only room that knows mlflow.

`store` which store and its client (`address` how it is written, `reach` whether it can be opened, `patience` what is
done while it is away, `reserve` room for closing runs on a full disk), `template` a fresh one without migrations, `runs` runs and how they ended,
`lookup` runs found again, `artifacts` their files, `entities` what is known of them, `glance` the quick way to
read the project's own store, `datasets` name@version, `models` the registry and its aliases, `served` the form in
which MLflow serves a model, `opened` a model from the registry that answers, `looks` the counted looks at the
sealed test set, `warm_up` what can be done before a process is forked.
"""
