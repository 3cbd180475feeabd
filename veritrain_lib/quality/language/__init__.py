"""Language of a text: a detector, and a prefilter that skips texts made of known words."""
