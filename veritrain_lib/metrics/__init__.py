"""What is measured, one metric a file.

- `base`: the protocol `Metric`, and `open_metrics` for a task's list
- `accuracy`: share of rows answered right
- `macro_f1`: the mean over labels of the F1 score
- `contract_rate`: share of responses that keep the task's output contract
"""
