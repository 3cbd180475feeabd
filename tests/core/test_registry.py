"""One registry for every extension point; ours come through the same door as anybody's."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_declared_extension_can_be_loaded(kind: str) -> None:
    declared = sorted(point.name for point in entry_points(group=f"veritrain.{kind}"))
    # Great Expectations brings the expectations; only extensions add any.
    assert declared or kind == "expectations"
    assert registry.names(kind) == declared
    for name in declared:
        assert callable(registry.get(kind, name))


def test_an_unknown_name_gets_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(
        UserError, match=r"no metric named 'acuracy'. Did you mean 'accuracy'\? Known: accuracy, "
    ):
        registry.get("metrics", "acuracy")


def test_a_name_like_no_other_gets_no_guess() -> None:
    with pytest.raises(UserError) as caught:
        registry.get("trainers", "xyzzy")
    assert "Did you mean" not in str(caught.value)
    assert "tfidf_svc" in str(caught.value)


def test_what_is_registered_by_hand_wins_over_an_entry_point() -> None:
    mine = object()
    registry.register("metrics", "accuracy", mine)
    registry.register("metrics", "mine", mine)
    assert registry.get("metrics", "accuracy") is mine
    assert registry.names("metrics").count("accuracy") == 1
    assert "mine" in registry.names("metrics")
    assert "mine" not in registry.names("trainers")


def test_an_unknown_kind_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(UserError, match="unknown kind of extension 'metric'; allowed: metrics, trainers"):
        registry.register("metric", "mine", object())
