"""Short cuts into other libraries' insides that make Veri-Train faster and change no result.

Open `shortcuts.py` first: the list of all of them, what each gains, and the switch `VERITRAIN_FAST`. Nothing outside this
room uses a private name of another library (sacrebleu's counts of a sentence excepted, which it offers no other way).
"""
