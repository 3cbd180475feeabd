"""Pages of versions are what the registry says, and can be in the order of a tag, for which MLflow has no words."""

from __future__ import annotations

from pathlib import Path

from benchmarks.server_fill import TASKS, fill
from veritrain_lib.tracking import registered_models
from veritrain_lib.tracking.version_listing import VersionQuery, versions_page, versions_with_alias


def test_versions_are_paged_ordered_and_found_by_tag_and_alias(home: Path) -> None:
    fill(scale=0.01)
    whole, total = versions_page(VersionQuery(), limit=100)
    assert total == len(whole) == 20
    assert [one.created for one in whole] == sorted((one.created for one in whole), reverse=True)
    base, _ = versions_page(VersionQuery(tags={"veritrain.type": ["base"]}), limit=100)
    rest, _ = versions_page(VersionQuery(without={"veritrain.type": ["base"]}), limit=100)
    assert len(base) + len(rest) == 20
    by_status, _ = versions_page(
        VersionQuery(order_tag=("veritrain.status", "available"), descending=False), limit=100
    )
    statuses = [one.version.tags["veritrain.status"] for one in by_status]
    assert statuses == sorted(statuses)
    assert versions_page(VersionQuery(), offset=500) == ([], 20)
    champions = versions_with_alias("champion")
    assert [one.version.name for one in champions] == sorted(TASKS)
    assert all("champion" in one.aliases for one in champions)


def test_versions_in_the_order_of_a_tag(home: Path) -> None:
    for number, tags in enumerate([{"s": "c"}, {}, {"s": "a"}, {"s": "b"}]):
        assert registered_models.add("m", f"entry:{number}", tags) == number + 1

    def order(descending: bool) -> list[int]:
        query = VersionQuery(order="version", order_tag=("s", "b"), descending=descending)
        return [one.version.version for one in versions_page(query)[0]]

    assert order(descending=False) == [3, 2, 4, 1], "without the tag it counts as b"
    assert order(descending=True) == [1, 4, 2, 3]
