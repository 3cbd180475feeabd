"""Search for duplicates of rows: near duplicates, rows contained in longer rows, and the same template with other slot values."""
