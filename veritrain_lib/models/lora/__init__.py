"""Local language models with a LoRA adapter: `lora:FOLDER`.

- `checkpoint`: the base model, a folder in the format of transformers, never downloaded
- `question`: the prompt for a row, saved with the adapter
- `encoding`: messages as token ids, by the checkpoint's chat template
- `card`: metadata of a saved adapter
- `answering`: generation, and the probability of the generated text
- `device`: choice of device and precision, and memory use
- `model`: the model that answers, and the function that opens it

Only this package and `trainers/lora` import torch, transformers and peft (the extra `lora`).
"""
