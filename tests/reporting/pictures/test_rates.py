import pytest

from tests.reporting.pictures.examples import rates as frame
from tests.reporting.pictures.looking import texts
from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting.pictures import rates


def test_rate_interval_and_rows_are_written_out() -> None:
    assert "42.0 % (33.0 % to 51.0 %), n=120" in texts(rates(frame()))


def test_rates_keep_the_order_given_from_the_top() -> None:
    axes = rates(frame()).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[::-1] == ["several_candidates", "explanation", "contract_kept"]


def test_what_was_not_measured_is_named() -> None:
    assert "not measured: cost" in texts(rates(frame()))


def test_a_rate_without_an_interval_is_a_dot() -> None:
    drawn = texts(rates(frame().assign(low=None, high=None, n=None)))
    assert "42.0 %" in drawn


def test_a_value_that_is_no_rate_is_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"'explanation' is 42\.$"):
        rates(frame().assign(value=[1, 42, 0, 0]))
