import pandas as pd

from tests.reporting.pictures.examples import rules
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import removed
from veritrain_lib.reporting.pictures.canvas import BLUE, ORANGE, VERMILLION


def test_bars_are_the_shares_and_ticks_the_limits_of_their_rules() -> None:
    axes = removed(rules()).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    shares = {name: bar.get_width() for name, bar in zip(names, axes.patches, strict=True)}
    assert shares == {"exact_duplicate": 0.02, "leakage": 0.08, "label_disagreement": 0.012, "contract": 0}
    limits = dict(
        zip((names[int(at)] for at in axes.lines[0].get_ydata()), axes.lines[0].get_xdata(), strict=True)
    )
    assert limits == {"exact_duplicate": 0.1, "leakage": 0.05, "contract": 0.01}


def test_a_rule_about_the_dataset_as_a_whole_is_not_drawn() -> None:
    frame = rules().assign(kind=["rows", "dataset", "rows", "rows"])
    assert "leakage" not in texts(removed(frame))
    assert "exact_duplicate" in texts(removed(frame))


def test_colours_and_words_tell_the_outcome() -> None:
    from matplotlib.colors import to_hex

    drawing = removed(rules())
    axes = drawing.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    colours = {
        name: to_hex(bar.get_facecolor()).upper() for name, bar in zip(names, axes.patches, strict=True)
    }
    assert colours["leakage"] == VERMILLION
    assert colours["label_disagreement"] == ORANGE
    assert colours["contract"] == BLUE
    assert "40 rows, 8.0 %, blocked" in texts(drawing)


def test_a_rule_that_blocks_is_never_left_out_for_one_that_passed() -> None:
    calm = rules()[rules()["outcome"] != "blocked"]
    many = [calm.assign(rule=calm["rule"] + str(at)) for at in range(9)]
    frame = pd.concat([*many, rules()[rules()["outcome"] == "blocked"].assign(share=0.0)])
    drawing = removed(frame, show=5)
    assert "leakage" in texts(drawing)
    assert "23 rules that rejected less are left out" in texts(drawing)


def test_a_gate_that_removed_nothing_is_drawn() -> None:
    assert "0 rows, 0.0 %, passed" in texts(
        removed(rules().assign(rejected=0, share=0.0, limit=None, outcome="passed"))
    )
