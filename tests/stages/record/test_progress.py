"""How far a batch of requests is, said in one line and not too often."""

from __future__ import annotations

import pytest

from veritrain_lib.llm.records import ChatProgress
from veritrain_lib.stages.record import progress
from veritrain_lib.stages.record.progress import ProgressLine, duration, progress_line


def test_a_line_tells_rate_cost_and_time_left() -> None:
    assert progress_line(ChatProgress(37, 120, 4.06, 0.03125, 20.4)) == (
        "37 of 120 requests, 4.1 a second, 0.0312 US dollars, 20 s left"
    )
    assert progress_line(ChatProgress(1, 120, 0.0, 0.0, None)).endswith("time left unknown")
    assert progress_line(ChatProgress(120, 120, 4.0, 0.1, 0.0)).endswith("0.1000 US dollars, done")


@pytest.mark.parametrize(
    ("seconds", "said"), [(3.4, "3 s"), (119, "119 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_durations_are_for_people(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_lines_come_seldom_but_the_last_always_and_never_on_standard_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 4.9, 5.1, 5.2])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    shown = ProgressLine()
    for done in (1, 2, 3, 4, 5):
        shown.show(ChatProgress(done, 5, 1.0, 0.0, 1.0))
    heard = capsys.readouterr()
    assert [text.split()[0] for text in heard.err.splitlines()] == ["1", "4", "5"]
    assert heard.out == ""
