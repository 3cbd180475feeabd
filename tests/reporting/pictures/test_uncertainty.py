import numpy as np
import pandas as pd

from tests.reporting.pictures.examples import margins
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import uncertainty
from veritrain_lib.reporting.pictures.uncertainty import BINS


def test_every_row_is_counted_once_and_the_chosen_ones_again() -> None:
    bars = [bar.get_height() for bar in uncertainty(margins()).axes[0].patches]
    assert len(bars) == 2 * BINS
    assert sum(bars[:BINS]) == 300
    assert sum(bars[BINS:]) == margins()["chosen"].sum()


def test_rows_without_a_finite_margin_are_counted_apart() -> None:
    frame = pd.DataFrame({"margin": [0.1, None, np.inf], "chosen": [True, True, False]})
    drawn = texts(uncertainty(frame))
    assert "2 rows have no margin" in drawn
    assert "all 1" in drawn
