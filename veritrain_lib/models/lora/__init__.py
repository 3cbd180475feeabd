"""A language model on this machine with a tuned adapter: `lora:FOLDER`.

- `checkpoint`: the base, a folder in the form of transformers, never fetched from anywhere
- `asking`: what the model is asked for a row, kept with the adapter
- `encoding`: turns as token ids, by the checkpoint's chat template
- `card`: what an adapter says about itself
- `answering`: generation, and the probability of what was generated
- `model`: the model that answers, and its opener

Only this room and `trainers/lora` know torch, transformers and peft (the extra `lora`).
"""
