"""Measures of the probe stage in addition to the task's metrics, one measure per module.

- `rate`: a share of rows with its confidence interval
- `answer_content`: several candidates, explanation, output contract
- `refusal`, `calibration`, `latency`, `cost`: computed from the first answers
- `changes`: changed versions of a question; `robustness` and `injection` ask them
- `stability`: the same question a second time
- `repeated_questions`: questions asked again, with a table of the answers
- `extra_questions`: limits of rows and money for questions asked again
- `extra`: all of these measures for one model
- `measure_names`: the title, unit and direction of each measure
- `card`: the probe cards of several models as one table
"""
