"""Whether a task can be worked on, said before anything is measured: the parts it names (`parts`), its suite
(`suite`), its output contract (`contract`), its rows (`rows`); `check` puts all of it together.
"""
