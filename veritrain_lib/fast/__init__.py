"""Short cuts that use private names of other libraries to make Veri-Train faster; they change no result.

Open `shortcuts.py` first: it lists all of them, what each gains, and the switch `VERITRAIN_FAST`. One file
outside this package uses another library's private names (ARCHITECTURE.md says which).
"""
