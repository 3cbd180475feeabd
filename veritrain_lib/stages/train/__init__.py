"""The train stage: `inputs.py` finds what goes in, `run.py` does the work, `result.py` shows it, `record.py` files it."""
