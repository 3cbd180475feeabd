"""The cases by area: every module in this package has `CASES: list[Case]` and is loaded automatically."""
