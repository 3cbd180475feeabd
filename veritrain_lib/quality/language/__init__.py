"""Detection of a text's language, and a prefilter that skips texts made of known words."""
