"""Steps of the teacher `llm`, from a plan to rows that a chat model wrote, one step per module.

- `slices`: the slices of a plan (such as labels), with their human rows
- `confusion`: for each slice the one that the student model confuses it with most
- `requests`: the chat requests, each with the human rows that it shows
- `answers`: the rows in the replies, and the outcome of every requested row
- `selection`: the choice of the rows that are kept
"""
