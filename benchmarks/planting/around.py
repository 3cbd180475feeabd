"""A whole test row with something around it: eight forms in which held-out rows come back in longer ones."""

from __future__ import annotations

FORMS = {
    "contained_greeting": ("Hi team, {}", "お世話になっております。{}"),
    "contained_ending": ("{} thanks a lot in advance", "{}よろしくお願いいたします。"),
    "contained_both": ("Good morning, I hope you are well. {} Best regards, Anna Berg", "こんにちは。{}ありがとうございます。"),
    "contained_quote": ('a customer wrote to us: "{}" what do we answer?', "お客様から「{}」と言われました。"),
    "contained_reply": ("Re: {}", "Re：{}"),
    "contained_signature": ("{} - sent from my phone, Tom Ford, Kessler Bau", "{} 以上、山田"),
    "contained_between": ("I tried it twice already. {}. Nobody has answered so far!", "昨日も聞きました。{}。まだ返事がありません。"),
    "contained_forward": ("Please see below.\n> {}\n\nCheers", "転送します。\n> {}\n\n山田"),
}  # fmt: skip


def around(text: str, kind: str, *, japanese: bool) -> str:
    """The text in the form of a kind."""
    return FORMS[kind][japanese].format(text)
