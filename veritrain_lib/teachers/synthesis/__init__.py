"""How teacher `llm` writes: the steps from a plan to rows, one a file.

- `slices`: what a plan is made by, and what each slice is
- `confusion`: the slice that each one is taken for
- `asking`: the requests, each with the human rows that it shows
- `answers`: replies into candidate rows, and how every row asked for ended
- `keeping`: which candidates become examples
"""
