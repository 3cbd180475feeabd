"""Evaluation metrics, one a file.

- `base`: the protocol `Metric`, `open_metrics` for a task's list, and `row_scores`, the score of each row
- `accuracy`: share of rows answered correctly
- `macro_f1`: the mean over labels of the F1 score
- `contract_rate`: share of responses that comply with the task's output contract
- `bleu`, `chrf`, `ter`: by sacrebleu (`sacrebleu_based`), from counts that are summed over rows (`count_based`)
- `rouge_l`, `ribes`: common words in order; `word_tokens`: tokenization into words by language
- `term_accuracy`, `number_accuracy`: glossary terms and numbers that must be preserved
- `judged`, `mqm`: ratings by a chat model; `comet`: a neural metric
- `own_metric`: a function in a user's file beside the task
- `mistakes`: rule-based classification of mistakes, for the error analysis
"""
