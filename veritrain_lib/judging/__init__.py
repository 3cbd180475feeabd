"""A model as judge of other models' answers, whose verdicts count only if it agrees with people.

Read in this order: `settings` (the judge of a task), `prompts` (its prompts), `judge` (three questions: is an answer
right, how many points does it get, which is better), `calibration` (its agreement with people's labels on development
rows), `sampling` (for the gate), `comparison` (for the evaluation) and `error_annotation` (for the metric `mqm`).
"""
