"""The shares of a random walk agree with powers of the full matrix of its steps."""

from __future__ import annotations

import numpy as np
import pytest

from veritrain_lib.teachers.out_of_scope import random_walk
from veritrain_lib.teachers.out_of_scope.random_walk import nearest, shares_met

ROWS, TRAINING = 60, 12


@pytest.fixture
def nodes() -> np.ndarray:
    """Vectors of length 1 around six directions, whose similarities all differ."""
    rng = np.random.default_rng(0)
    vectors = np.eye(6)[np.arange(ROWS) % 6] + 0.3 * rng.normal(size=(ROWS, 6))
    result: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return result


def steps_of(nodes: np.ndarray) -> np.ndarray:
    """Return the chance of each step as a full matrix: to each of the three most similar rows, in either direction."""
    linked = np.zeros((ROWS, ROWS))
    for row in range(ROWS):
        order = sorted(
            (other for other in range(ROWS) if other != row), key=lambda at: -nodes[row] @ nodes[at]
        )
        for other in order[: ROWS // 20]:
            linked[row, other] = linked[other, row] = 1
    result: np.ndarray = linked / linked.sum(axis=1, keepdims=True)
    return result


def test_shares_are_those_of_powers_of_the_steps_without_returns(nodes: np.ndarray) -> None:
    powers = [np.linalg.matrix_power(steps_of(nodes), steps) for steps in range(5)]
    before, met = shares_met(nodes, TRAINING)
    assert before == pytest.approx(sum(power[:, :TRAINING].sum(axis=1) for power in powers[:4]) / 4, abs=1e-6)
    for power in powers:
        power[np.arange(TRAINING), np.arange(TRAINING)] = 0
    assert met == pytest.approx(sum(power[:, :TRAINING].sum(axis=1) for power in powers[1:]) / 4, abs=1e-6)


def test_rows_that_are_compared_in_parts_have_the_same_shares(
    nodes: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = shares_met(nodes, TRAINING)
    monkeypatch.setattr(random_walk, "AT_ONCE", 7)
    for found, share in zip(shares_met(nodes, TRAINING), expected, strict=True):
        assert found == pytest.approx(share)


def test_a_row_is_its_own_neighbour_only_where_it_is_no_node(nodes: np.ndarray) -> None:
    assert all(row in near for row, near in enumerate(nearest(nodes, nodes)))
    assert not any(row in near for row, near in enumerate(nearest(nodes, nodes, itself=0)))
