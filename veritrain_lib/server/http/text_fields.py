"""Types of text fields in request bodies, which limit the length and reject NUL characters."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

NO_NUL = r"^[^\x00]*$"
"""Regular expression for a text without NUL characters, which no database can store."""

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
"""Text of 1 to 200 characters, such as a name."""
LongText = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]
"""Text of up to 4,000 characters, such as a description."""
CellText = Annotated[str, StringConstraints(max_length=100_000, pattern=NO_NUL)]
"""Text of up to 100,000 characters: one value of a dataset's row."""
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]
"""Id of 1 to 64 characters."""
