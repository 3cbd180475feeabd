"""A model as judge of other models' answers, trusted only as far as people agree with it.

Read in this order: `settings` (what a task says of its judge), `prompts` (what is asked), `judge` (three
questions: is it right, how many points, which is better), `calibration` (its agreement with people's labels on
development rows), `sampling` (for the gate) and `comparing` (for the evaluation).
"""
