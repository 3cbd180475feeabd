"""Pool rows that have none of the task's labels: held back before choosing, and offered as new labels.

- `novelty`: how little a row is like the training rows, by the vectors of a sentence encoder
- `random_walk`: how many training rows there are around a row, for `novelty`
- `hold_back`: which rows of a pool are held back, and how people's answers "none of these" change that
- `new_labels`: groups of such rows that could be labels of their own
"""
