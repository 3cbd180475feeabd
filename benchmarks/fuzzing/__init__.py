"""Damaged files of every kind that users bring: `seeds` has whole ones, `mutate` damages them, `targets` reads them."""
