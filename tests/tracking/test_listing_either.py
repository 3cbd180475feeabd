"""Lists that MLflow's own search has no words for: one of several tags, and versions in the order of a tag."""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.tracking import catalogue, store
from veritrain_lib.tracking.listing import RUN_ID, RunQuery, VersionQuery, runs_page, versions_page


def test_one_tag_of_several_is_enough(home: Path) -> None:
    talk = store.client()
    made = [
        str(talk.create_run("0", tags=tags).info.run_id)
        for tags in ({"a": "1"}, {"b": "1"}, {"a": "2", "c": "1"}, {"c": "1"})
    ]

    def found(*either: dict[str, list[str]]) -> set[int]:
        return {made.index(run.info.run_id) for run in runs_page(RunQuery(either=either))[0]}

    assert found({"a": ["1"], "b": ["1"]}) == {0, 1}
    assert found({"a": [], "b": []}) == {0, 1, 2}
    assert found({"a": ["1"], RUN_ID: [made[3]]}) == {0, 3}
    assert found({"a": []}, {"c": [], "b": []}) == {2}, "of each group one"
    assert found() == {0, 1, 2, 3}


def test_versions_in_the_order_of_a_tag(home: Path) -> None:
    for number, tags in enumerate([{"s": "c"}, {}, {"s": "a"}, {"s": "b"}]):
        assert catalogue.add("m", f"entry:{number}", tags) == number + 1

    def order(descending: bool) -> list[int]:
        query = VersionQuery(order="version", order_tag=("s", "b"), descending=descending)
        return [one.version.version for one in versions_page(query)[0]]

    assert order(descending=False) == [3, 2, 4, 1], "without the tag it counts as b"
    assert order(descending=True) == [1, 4, 2, 3]
