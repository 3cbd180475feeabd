"""The cases by area. A module here has `CASES: list[Case]`, and is found by being here."""
