"""Features of texts for gate checks: normal form, tokens, markup residue, keyboard mash, truncation."""
