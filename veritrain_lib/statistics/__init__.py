"""Statistics of the promotion decision: intervals, paired tests, power and the budget of looks at the test set.

The champion (the best model so far) and the challenger (the new model) are measured on the same rows. Development rows
steer the loop without limit; a held-out test set decides promotion. One look is one evaluation of a new pair of
champion and challenger on the test set, and each look spends a part of the error budget.

    plan = LookPlan(max_looks=10, alpha=0.05)          number of looks, and the significance level of each
    gate = screen(dev_old, dev_new, n_test=720, look_alpha=plan.alpha_at(look))
    if gate.opens:                                      is the development gain worth a look?
        verdict = decide(test_old, test_new, look_alpha=plan.alpha_at(look), slices=masks)

Modules, simplest first:

    scores               paired scores of two models, validated
    intervals            Agresti-Coull interval of a rate, Newcombe interval of the difference of two rates
    mcnemar              exact paired test for right-or-wrong scores
    consistent_interval  adjusts an interval so that it excludes 0 exactly where its test is significant
    macro_f1             interval of macro F1 over a fixed set of labels
    randomization        paired test for graded scores and corpus metrics
    bootstrap            intervals of metrics that are not a mean over rows
    power                power of a paired test, and the difference it can detect
    detectable           power of screen and test together: the detectable difference that reports state
    looks                budget of looks at the held-out test set, and why a sum of levels is enough
    screen               whether the development gain is worth a look
    slices               whether any slice is worse, and the loss that would have been detected
    evidence             difference with interval and p value, by the test that fits the metric
    decision             verdict of the promotion decision
    agreement            Cohen's kappa of two raters
    arms                 comparison of several settings over several seeds
    batch_effects        which batches of training rows help and which harm
    power_law            forecast of the gain from more training rows
"""

from veritrain_lib.statistics.bootstrap import PairedBootstrap, bootstrap_interval, paired_bootstrap
from veritrain_lib.statistics.decision import Decision, decide
from veritrain_lib.statistics.detectable import critical_difference, decision_power, detectable_gain
from veritrain_lib.statistics.evidence import CorpusMetric, PairedChange, compare_paired
from veritrain_lib.statistics.intervals import Interval, Rate, agresti_coull, wilson
from veritrain_lib.statistics.looks import LookPlan, LooksSpentError
from veritrain_lib.statistics.macro_f1 import macro_f1_interval
from veritrain_lib.statistics.mcnemar import McNemar, mcnemar
from veritrain_lib.statistics.power import detectable_difference, detectable_loss, paired_power
from veritrain_lib.statistics.randomization import sign_flip_test, swap_test
from veritrain_lib.statistics.screen import Screen, screen
from veritrain_lib.statistics.slices import SliceVerdict, holm, judge_slices

__all__ = [
    "CorpusMetric",
    "Decision",
    "Interval",
    "LookPlan",
    "LooksSpentError",
    "McNemar",
    "PairedBootstrap",
    "PairedChange",
    "Rate",
    "Screen",
    "SliceVerdict",
    "agresti_coull",
    "bootstrap_interval",
    "compare_paired",
    "critical_difference",
    "decide",
    "decision_power",
    "detectable_difference",
    "detectable_gain",
    "detectable_loss",
    "holm",
    "judge_slices",
    "macro_f1_interval",
    "mcnemar",
    "paired_bootstrap",
    "paired_power",
    "screen",
    "sign_flip_test",
    "swap_test",
    "wilson",
]
