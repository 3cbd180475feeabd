"""Health checks of the installation, run by `veritrain doctor`.

`examine` runs all checks; `installation` checks Python and packages, `place` disk and MLflow store, `parts`
the files of the project. A health check may import any package of the library.
"""
