"""Local language models with a LoRA adapter, opened as `lora:FOLDER`.

- `checkpoint`: the base model, a folder in the format of transformers, which is never downloaded
- `question`: the prompt for a row, saved together with the adapter
- `encoding`: conversion of messages to token ids, with the checkpoint's chat template
- `card`: metadata of a saved adapter
- `answering`: generation of answers, and the probability of the generated text
- `device`: choice of device and precision, and memory use
- `model`: the model that answers rows, and the function that opens it

Only this package and `trainers/lora` import torch, transformers and peft (the optional dependencies `lora`).
"""
