"""Store on disk for vectors of texts, by the digest of encoder and text, so that no text is encoded twice.

It is one SQLite file per encoder in the project's state folder. Trainings, the gate, the probe and evaluations read the
same texts again and again, and find their vectors here. No result depends on it: a file that is deleted, damaged,
locked or on a full disk costs time only.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core import project

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from veritrain_lib.encoders.base import Encoder

logger = logging.getLogger(__name__)

MAXIMUM_VECTORS = 500_000
"""Largest number of vectors kept for one encoder; at 512 numbers (1 KB) each, the file stays below 600 MB."""

LOOKUP = 500
"""Largest number of texts whose vectors are read by one SQL statement."""

PART = 2_000
"""Number of texts that are encoded and stored together; when the process is killed, at most their vectors are lost."""

WAIT_S = 5.0
"""Seconds to wait for another process that is writing to the file."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, text BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)"


def encode(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """Return the encoder's vector of each text, in order; encode only texts whose vector is not stored.

    Vectors are rounded to 16-bit floats, whether stored or new, so that a text always has the same vector.

    Args:
        encoder: The encoder.
        texts: The texts.

    Returns:
        An array of shape (texts, dimension), float32.
    """
    import numpy as np

    keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
    text_of = dict(zip(keys, texts, strict=True))
    file = project.state("vectors", f"{encoder.digest[:16]}.db")
    found = _stored(file, list(text_of), encoder.dimension)
    missing = [key for key in text_of if key not in found]
    for start in range(0, len(missing), PART):
        part = missing[start : start + PART]
        vectors = encoder.encode([text_of[key] for key in part]).astype(np.float16)
        encoded = dict(zip(part, vectors, strict=True))
        found |= encoded
        _store(file, encoded)
    result = np.empty((len(texts), encoder.dimension), dtype=np.float32)
    for position, key in enumerate(keys):
        result[position] = found[key]
    return result


def _stored(file: Path, keys: list[bytes], dimension: int) -> dict[bytes, np.ndarray]:
    """Return the vectors that a file holds for some texts, by key; keys without a vector are left out.

    Args:
        file: The SQLite file.
        keys: The digests of the texts.
        dimension: The length of a vector; a stored vector of another length is left out.
    """
    import numpy as np

    found: dict[bytes, np.ndarray] = {}
    if not file.is_file():
        return found
    with _without_errors(file), _opened(file) as database:
        for start in range(0, len(keys), LOOKUP):
            part = keys[start : start + LOOKUP]
            marks = ",".join("?" * len(part))
            for key, content in database.execute(
                f"SELECT text, vector FROM vectors WHERE text IN ({marks})", part
            ):
                vector = np.frombuffer(content, dtype=np.float16)
                if len(vector) == dimension:
                    found[key] = vector
    return found


def _store(file: Path, vectors: dict[bytes, np.ndarray]) -> None:
    """Store vectors by the digest of their text, delete the oldest beyond `MAXIMUM_VECTORS`, and ignore errors."""
    with _without_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with _opened(file) as database, database:
            database.execute(_SCHEMA)
            database.executemany(
                "INSERT OR IGNORE INTO vectors (text, vector) VALUES (?, ?)",
                [(key, vector.tobytes()) for key, vector in vectors.items()],
            )
            database.execute(
                "DELETE FROM vectors WHERE number <= (SELECT max(number) FROM vectors) - ?",
                (MAXIMUM_VECTORS,),
            )


@contextlib.contextmanager
def _without_errors(file: Path) -> Iterator[None]:
    """Context manager that ignores errors of the SQLite file, and deletes a damaged one, so that the next write makes it anew."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        logger.debug("the vectors in %s are not used now: %s", file, error)
    except sqlite3.DatabaseError as error:
        logger.warning("the file of stored vectors %s is damaged and made anew: %s", file, error)
        with contextlib.suppress(OSError):
            for part in ("", "-wal", "-shm"):
                file.with_name(file.name + part).unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Context manager with a new connection to the SQLite file, closed at its end.

    A connection that stays open would be inherited by forked kernels, which SQLite does not allow.
    """
    database = sqlite3.connect(file, timeout=WAIT_S)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        yield database
    finally:
        database.close()
