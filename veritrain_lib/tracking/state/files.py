"""Files that are sent to workers on other machines (task files, notebooks), stored in Veri-Train's own tables.

Each content is stored once. MLflow artifacts would not do, because everybody who may read MLflow could then see a
task's held-out test set. A bundle is a set of files with relative names; its digest is that of the list of its names
and content digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking.state import database

if TYPE_CHECKING:
    from sqlalchemy import Connection

PART_BYTES = 8 * 2**20
"""Maximum bytes of a file in one row of the table; larger files take several rows."""


def store_bundle(files: Mapping[str, Path]) -> str:
    """Store a bundle of files for other machines in the database and return the bundle's digest.

    Args:
        files: Each file by its relative name in the bundle, with `/` between folders.
    """
    contents = {name: path.read_bytes() for name, path in files.items()}
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    manifest = json.dumps(listed, sort_keys=True).encode()
    for digest, content in {**{listed[name]: content for name, content in contents.items()}}.items():
        _store(digest, content)
    bundle = hashlib.sha256(manifest).hexdigest()
    _store(bundle, manifest)
    return bundle


def fetch_bundle(bundle: str, folder: Path) -> None:
    """Write the files of a bundle from the database into a new folder: all of them, or none on an error.

    Args:
        bundle: Digest of the bundle.
        folder: The folder; if it exists already, nothing is done.

    Raises:
        Infrastructure: A file is missing or does not have the digest under which it was stored.
    """
    if folder.is_dir():
        return
    part = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.part")
    try:
        for name, digest in json.loads(_fetch(bundle)).items():
            relative = PurePosixPath(name)
            if relative.is_absolute() or ".." in relative.parts:
                raise Infrastructure(f"the bundle {bundle[:12]} names a file outside its folder: {name!r}")
            file = part.joinpath(*relative.parts)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_fetch(digest))
        try:
            os.rename(part, folder)
        except OSError:
            if not folder.is_dir():  # else another process wrote it first
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _store(digest: str, content: bytes) -> None:
    from sqlalchemy import select
    from sqlalchemy.dialects.postgresql import insert

    from veritrain_lib.tracking.state.tables import FILES

    def store(connection: Connection) -> None:
        if connection.scalar(select(FILES.c.part).where(FILES.c.digest == digest).limit(1)) is not None:
            return
        for part, start in enumerate(range(0, max(len(content), 1), PART_BYTES)):
            values = {"digest": digest, "part": part, "content": content[start : start + PART_BYTES]}
            connection.execute(insert(FILES).values(values).on_conflict_do_nothing())

    database.run(store)


def _fetch(digest: str) -> bytes:
    from sqlalchemy import select

    from veritrain_lib.tracking.state.tables import FILES

    query = select(FILES.c.content).where(FILES.c.digest == digest).order_by(FILES.c.part)
    content = b"".join(database.run(lambda connection: connection.scalars(query).all()))
    if hashlib.sha256(content).hexdigest() != digest:
        raise Infrastructure(
            f"the file {digest[:12]} is not in the record's database, or not as it was stored there"
        )
    return content
