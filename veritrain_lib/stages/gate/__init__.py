"""Gate stage: rules accept or reject each new row, and the whole dataset passes or is blocked."""
