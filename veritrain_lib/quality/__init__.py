"""Quality gate: checks of training rows, verdicts and their pages. The only package that imports Great Expectations.

Read in this order: `suite` (the contents of a suite file), `context` (the data that checks may read), `checks/` (one
rule a file), `gate` (the whole flow: `run_gate` judges a dataset, `screen` a pool), `verdict` (the result), `data_docs`
(its HTML page), `review` (people's decisions on a sample), `rule_catalogue` (writes gates/README.md). `gx_runner` calls
Great Expectations, `dataset_metric` compares numbers about the whole dataset with their limits, and `custom_rules`
loads the rules of users.
"""
