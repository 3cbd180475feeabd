import pandas as pd

from tests.reporting.pictures.examples import counts
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import label_counts


def test_change_is_written_with_its_sign() -> None:
    drawn = texts(label_counts(pd.DataFrame({"label": ["a", "b"], "before": [5, None], "after": [3, 4]})))
    assert {"3 (-2)", "4 (+4)"} <= set(drawn)


def test_the_labels_that_changed_most_are_shown() -> None:
    drawing = label_counts(counts(30), show=4)
    names = [label.get_text() for label in drawing.axes[0].get_yticklabels()]
    assert [name.rsplit("_", 1)[1] for name in names] == ["26", "27", "28", "29"]
    assert "26 labels that changed less are left out" in texts(drawing)
