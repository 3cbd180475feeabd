"""Whatever a client sends: no 5xx, no status and no answer that the API's own description does not allow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server_process import Served, serving

EXAMPLES, SEED = 12, 20_261_127
"""Tried for each operation, and where chance begins: the same requests each time."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real server without a login, over a record in which a tiny task has had its seed round."""
    from benchmarks.server import point_at
    from benchmarks.server_load import prepare

    before = dict(os.environ)
    home: Path = tmp_path_factory.mktemp("schemathesis")
    own = point_at(home)
    try:
        prepare(home)
        with serving({**own, "VERITRAIN_MAX_RUNNING": "1"}) as server:
            yield server
    finally:
        os.environ.clear()
        os.environ.update(before)
        from veritrain_lib.tracking import store

        store.close_clients()


def test_no_request_finds_a_crack(served: Served) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    # What only the record knows (an id of a body, a setting that nothing obeys) no schema can say: a documented 422.
    schema = schemathesis.openapi.from_url(f"{served.address}/api/v1/openapi.json", headers=served.headers)
    cracks: list[str] = []
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    if not operations:
        pytest.skip("the API has no operation yet")
    for operation in operations:

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def tried(case: Any) -> None:
            case.call_and_validate(
                timeout=300, headers=served.headers, excluded_checks=[positive_data_acceptance]
            )

        try:
            tried()
        except (FailureGroup, ExceptionGroup) as error:
            cracks.append(f"{operation.label}: {error}: {[str(one) for one in error.exceptions][:3]}")
        except Exception as error:  # noqa: BLE001 (whatever it is, the next operation is tried too)
            cracks.append(f"{operation.label}: {type(error).__name__}: {error}")
    assert not cracks, "\n\n".join(crack[:2000] for crack in cracks)
