"""The stages connected to MLflow: names of inputs go in, the pure stage runs, its result is stored.

`start_stage(stage, globals())` is the first call of every stage notebook. Each of the modules `probe`, `generate`,
`gate`, `train`, `evaluate` and `report` says what its stage reads from MLflow and what it stores there.
"""

from veritrain_lib.stage_io.stage import StageRun, start_stage

__all__ = ["StageRun", "start_stage"]
