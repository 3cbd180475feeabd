"""The steps of the teacher `llm` from a plan to rows, one per module.

- `slices`: the slices of a plan, with their human rows
- `confusion`: the slice that each one is confused with
- `requests`: the chat requests, each with the human rows that it shows
- `answers`: the examples in the replies, and the outcome of every requested row
- `selection`: the selection of examples that are kept
"""
