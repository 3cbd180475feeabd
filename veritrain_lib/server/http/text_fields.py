"""Types of the text fields of request bodies: their largest length, and no character that can't be stored."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

NO_NUL = r"^[^\x00]*$"
"""Pattern without NUL characters: no database can store them."""

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
LongText = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]
CellText = Annotated[str, StringConstraints(max_length=100_000, pattern=NO_NUL)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]
