"""What is measured, one metric a file.

- `base`: the protocol `Metric`, `open_metrics` for a task's list, and `row_scores`, the grade of each row
- `accuracy`: share of rows answered right
- `macro_f1`: the mean over labels of the F1 score
- `contract_rate`: share of responses that keep the task's output contract
- `bleu`, `chrf`, `ter`: by sacrebleu (`sacre`), from counts that are summed over rows (`counted`)
- `rouge_l`, `ribes`: common words in order; `words`: how text is cut into words by its language
- `term_accuracy`, `number_accuracy`: what must be kept
- `judged`, `mqm`: what a chat model thinks of a text; `comet`: what a neural model does
- `mistakes`: which mistakes an answer makes, for the error analysis
"""
