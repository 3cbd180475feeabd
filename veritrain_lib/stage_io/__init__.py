"""The stages with the record around them: names go in, the pure stage runs, its result is filed.

`begin(stage, globals())` is the first call of every stage notebook. One module a stage says what the stage
takes from the record and what it files there.
"""

from veritrain_lib.stage_io.stage import RecordedStage, begin

__all__ = ["RecordedStage", "begin"]
