"""LLM judge: a chat model that judges other models' answers, and whose verdicts count only if it agrees with people.

Read the modules in this order: `settings` (settings of a task's judge), `prompts` (its prompts), `judge` (asks whether
an answer is right, how many points it gets, or which of two is better), `calibration` (measures its agreement with
people's labels on development rows), `sampling` (its use in the gate), `comparison` (its use in the evaluation) and
`error_annotation` (its use by the metric `mqm`).
"""
