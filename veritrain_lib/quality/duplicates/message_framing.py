"""Text that people put around a message: greetings, thanks, signatures, quotation marks, `Re:`.

Open this to see when a message inside a longer text still counts as a message of its own.
"""

from __future__ import annotations

import re
import unicodedata

from veritrain_lib.quality.duplicates.function_words import FUNCTION_WORDS, GREETS, THANKS
from veritrain_lib.quality.text.normal_form import without_apostrophes

_FRAMING = """
morning afternoon evening day night there all team support folks guys everyone everybody again sir madam friend best kind
warm many thank appreciate appreciated grateful sincerely truly faithfully wishes welcome bye goodbye quick short question
questions asking ask wondering wanted wonder want need know let tell help helping assist reply answer respond soon asap
possible hope hoping well finds find doing great nice good lovely weekend week looking forward hear hearing sorry bother
bothering excuse question's regarding re fw fwd aw wg subject sent iphone android phone mobile hey customer client user
wrote writes says said asked here's heres following message note ps p s fyi btw whom may concern
hallo guten tag morgen abend liebe lieber sehr geehrte geehrter damen und herren danke vielen dank mit freundlichen grüßen viele
bonjour bonsoir salut madame monsieur merci beaucoup cordialement bien hola buenos días buenas tardes gracias muchas saludos
un saludo ciao buongiorno buonasera grazie mille cordiali saluti distinti olá bom dia obrigado obrigada
"""
FRAMING_WORDS = frozenset(_FRAMING.split()) | FUNCTION_WORDS | GREETS | THANKS
"""Words that may occur in greetings, endings and remarks about a message."""

_COURTEOUS = """
hi hello hey hiya heya howdy greetings dear morning afternoon evening team support folks guys everyone everybody sir madam
thanks thank thx ty cheers regards wishes appreciate appreciated grateful sincerely truly faithfully bye goodbye question
questions asking wondering helping assist asap hope hoping forward hearing sorry bothering excuse regarding re fw fwd aw wg
subject sent iphone android customer client wrote writes said asked following message fyi btw concern help
hallo guten sehr geehrte danke dank grüßen grüße bonjour bonsoir salut merci cordialement hola gracias saludos ciao
buongiorno buonasera grazie saluti olá obrigado obrigada
"""
COURTEOUS = frozenset(_COURTEOUS.split())

_UNSPACED_PHRASES = re.compile(
    "お世話になって(?:おり|い)ます|いつも|大変|お疲れ(?:様|さま)です|こんにちは|こんばんは|おはよう(?:ございます)?|はじめまして|もしもし|すみません(?:が)?"
    "|すいません(?:が)?|失礼(?:いた|致)?します|恐れ入りますが|どうも|ありがとうございま(?:す|した)|ありがとう|(?:どうぞ)?(?:よろしく|宜しく)(?:お願い(?:(?:いた|致)?します|申し上げます))?"
    "|お願い(?:いた|致)?します|以上です|以上|では|それでは|はい|いいえ|えーと|えっと|あの|ええ|皆さん|皆様|件名|返信|転送|質問です|教えてください"
    "|你好|您好|大家好|早上好|下午好|晚上好|谢谢(?:你|您|大家)?|多谢|请问|麻烦(?:你|您)?|拜托|祝好|再见|請問|謝謝|回复|转发|主题|สวัสดี|ขอบคุณ|ครับ|ค่ะ"
)
_SENTENCE_END = re.compile(r"[.!?:;。…|\"“”„«»‹›「」『』【】()\[\]{}<>—–*#~`'\n\r]|\s-|-\s")
"""Pattern of the end of a sentence or quotation; a comma does not match, because the sentence continues after it."""

_SALUTATION = re.compile(
    r"(?:^|[.!?\n]\s*)(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|to whom it may concern|hallo|guten (?:tag|morgen|abend)"
    r"|liebe[rs]?|sehr geehrte[r]?|bonjour|bonsoir|hola|buenos días|buongiorno|ciao|olá)\b[^.!?]{0,40},\s*$"
)
_CLOSING = re.compile(
    r"^\W*(?:(?:(?:with )?(?:best|kind|kindest|warm|warmest|many)(?: kind)? )?(?:regards|wishes|thanks|thank you|thx|cheers)|sincerely|yours"
    r"|respectfully|sent from|mit freundlichen|(?:viele|liebe|beste|schöne) grüße|vielen dank|danke|merci|cordialement|bien à vous|gracias"
    r"|(?:un )?saludos?|grazie|cordiali saluti|obrigad[oa])\b"
    r"|^\W*(?:以上|敬具|草々|よろしく|宜しく|何卒|谢谢|謝謝|此致|祝好|감사합니다)"
)
"""Pattern of the beginning of a closing or signature (`kind regards`, `sent from`) after a message."""

END_DISTANCE = 3
"""Number of characters directly before or after a message in which the end of a sentence is searched for."""


def folded(text: str) -> str:
    """Normalize a text but keep its punctuation, to find what frames a message.

    Args:
        text: The text.

    Returns:
        The text in Unicode form NFKC, case folded, without apostrophes inside words.
    """
    return without_apostrophes(unicodedata.normalize("NFKC", text).casefold())


def only_framed(before: str, after: str) -> bool:
    """Return whether a message inside a longer text is a message of its own, with only courtesy around it.

    Args:
        before: The text before the message.
        after: The text after the message.

    Returns:
        True if each side is empty, holds only courtesy, or is separated by the end of a sentence or a quotation mark.
    """
    starts_fresh = _SENTENCE_END.search(before[-END_DISTANCE:]) or _SALUTATION.search(before)
    ends_here = _SENTENCE_END.search(after[:END_DISTANCE]) or _CLOSING.search(after)
    return bool((starts_fresh or is_framing(before)) and (ends_here or is_framing(after)))


def is_framing(text: str) -> bool:
    """Return whether a text consists only of courtesy, such as a greeting.

    `can you` or `please` alone also start other messages, so at least one word must be unmistakable courtesy: `hello`,
    `thanks`, `question`.

    Args:
        text: A text normalized by `folded`.

    Returns:
        True for courtesy, and for a text without a word.
    """
    rest, phrases = _UNSPACED_PHRASES.subn(" ", text)
    words = re.findall(r"[^\W_]+", rest)
    if not all(word in FRAMING_WORDS for word in words):
        return False
    return not words or phrases > 0 or any(word in COURTEOUS for word in words)
