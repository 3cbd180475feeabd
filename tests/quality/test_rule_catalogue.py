"""The rule catalogue can't rot."""

from veritrain_lib.core import project
from veritrain_lib.quality.rule_catalogue import catalogue


def test_the_committed_catalogue_is_what_the_checks_say():
    written = (project.gates() / "README.md").read_text(encoding="utf-8")
    assert written == catalogue(), "run: python -m veritrain_lib.quality.rule_catalogue"
