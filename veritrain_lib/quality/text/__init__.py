"""Texts as checks look at them, and what makes a text no message: markup residue, keyboard mash, truncation."""
