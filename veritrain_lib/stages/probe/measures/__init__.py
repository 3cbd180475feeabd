"""The measures of the probe beyond the task's metrics, one measure per module.

- `rate`: a rate with its interval
- `answer_content`: several candidates, explanation, output contract
- `refusal`, `calibration`, `latency`, `cost`: computed from the first answers
- `changes`: changed versions of a question; `robustness` and `injection` ask them
- `stability`: the same question a second time
- `repeated_questions`: a question asked again, and its evidence rows
- `extra_questions`: extra questions, within limits of rows and money
- `extra`: all of these for one model
- `measure_names`: the title, unit and direction of each measure
- `card`: the probe cards of several models as one table
"""
