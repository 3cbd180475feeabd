"""What the probe measures beyond accuracy, one thing a file.

- `measured`: a rate with its interval
- `given`: several candidates, explanation, output contract
- `refusal`, `calibration`, `latency`, `cost`: read off the answers that are there
- `changes`: the same question put otherwise; `robustness` and `injection` ask it
- `stability`: the same question once more
- `asking`: extra questions, within bounds of rows and money
- `extra`: all of it for one model
- `meaning`: what each measure is called, its unit, and which way is better
"""
