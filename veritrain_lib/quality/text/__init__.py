"""Text features for checks: normal form, tokens, markup residue, keyboard mash, truncation."""
