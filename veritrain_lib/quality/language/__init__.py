"""The language of a text: one detector, with a prefilter for texts whose words are known."""
