"""Health checks of the installation, run by `veritrain doctor`.

`installation` checks Python and packages, `place` disk and store, `parts` the parts of the project, and `examine` runs
them all. A health check may import any package.
"""
