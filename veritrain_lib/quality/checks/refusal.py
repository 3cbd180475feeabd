"""Gate check for text that a chat model wrote instead of a row: a refusal, a self-description, a preamble."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.quality.prepared_texts import character_classes_in, tokens_in
from veritrain_lib.quality.text.normal_form import joined
from veritrain_lib.quality.text.refusal_prefilter import may_be_refusal
from veritrain_lib.quality.text.text_fields import text_fields

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

# Put together from typical phrasings of chat models; each needs its own subject (a model, a request, an answer), so that
# a person's "I can't do this" passes.
_I = r"\bi(?:\s+|(?=['’]?m\b))"
_MODEL = r"(?:an?\s+)?(?:large\s+)?(?:ai|a\.i\.|artificial\s+intelligence|language\s+model|llm|chat\s?bot|virtual\s+assistant)"
_CANNOT = r"(?:can(?:no|['’]?)t|can\s+not|won['’]?t(?:\s+be\s+able\s+to)?|will\s+not(?:\s+be\s+able\s+to)?|(?:am|['’]?m)\s+(?:unable|not\s+able)\s+to)"
SELF = re.compile(
    rf"""\bas\s+{_MODEL}\b | \bi(?:\s+am|['’]m)\s+(?:just\s+|only\s+)?{_MODEL}\b(?!\s*\?)
      | \bmy\s+(?:training\s+data|knowledge\s+cutoff|last\s+(?:knowledge\s+)?update|guidelines|programming) | \bopenai['’]?s?\s+(?:polic|guideline|usage)
      | \bi\s+(?:was|am|have\s+been)\s+(?:trained|programmed|designed)\s+(?:by|to|on)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
REFUSES = re.compile(
    rf"""^\W*(?:(?:i\s*(?:am|['’]m)\s+)?(?:very\s+|really\s+|so\s+)?sorry\W+(?:but\s+)?|unfortunately\W+|i\s+apologi[sz]e\W+(?:but\s+)?|(?:my\s+)?apologies\W+(?:but\s+)?)
        (?:as\b.{{0,60}},\s*)?{_I}(?:\w+\s+)?{_CANNOT}\s+(?:\w+\s+)?(?:help|assist|provide|fulfil+|comply|answer|translate|generate|create|complete|respond|do\s+that|do\s+this|discuss|support|process|engage|write|continue)\b
      | {_I}(?:\w+\s+)?{_CANNOT}\s+(?:assist\s+with|comply\s+with|fulfil+)\b | ^\W*{_I}{_CANNOT}\s+provide\b
      | ^\W*{_I}(?:\w+\s+)?{_CANNOT}\s+(?:help|assist)\s+(?:you\s+)?with\s+(?:this|that)\b
      | {_I}(?:\w+\s+)?{_CANNOT}\s+(?:\w+\s+)?(?:help|provide|answer|translate|process|complete|generate)\s+(?:(?:you\s+)?with\s+)?(?:this|that|your|the|such|these|those)\s+(?:\w+\s+)?(?:request|text|question|content|sentence|information|prompt|task|message|instruction|input|query)\b
      | \bi\s+(?:must|have\s+to)\s+(?:respectfully\s+)?(?:decline|refuse)\b | \bi\s+(?:do\s+not|don['’]?t)\s+have\s+(?:the\s+ability|access\s+to\s+(?:real|the\s+internet|personal|current|external|live|your|that\s+information|this\s+information)|personal\s+(?:opinions|feelings|experiences)|(?:enough|sufficient)\s+(?:information|context)|real[- ]time)\b
      | \bi\s+do(?:n['’]?t|\s+not)\s+feel\s+comfortable\b | \bnot\s+appropriate\s+for\s+me\s+to\b | (?:goes|is)\s+against\s+(?:my|our|the)\s+(?:\w+\s+)?(?:guidelines|polic|programming|principles)
      | \b(?:could|can)\s+you\s+(?:please\s+)?(?:provide|give)\s+(?:me\s+)?(?:with\s+)?(?:more|additional|further|some)\s+(?:context|details|information|clarification)\s*(?:\?|$|so|about\s+(?:the|your)\s+(?:text|request|question|sentence))
    """,
    re.IGNORECASE | re.VERBOSE,
)
PREAMBLE = re.compile(
    r"""^\W*(?:(?:sure|certainly|of\s+course|absolutely|gladly|great\s+question|okay|ok|yes)\s*(?:thing)?[!,.:]+\s*)?
        (?:here(?:['’]s|\s+is|\s+are)|below\s+(?:is|are)|the\s+following\s+(?:is|are))\s+(?:\w+\s+){0,3}?(?:\w+\s+)?
        (?:examples?|translations?|versions?|paraphrases?|rewrit\w+|list|sentences?|messages?|utterances?|variations?|responses?|answers?|output|json|results?|rephras\w+|revis\w+|requests?)\b.{0,60}:
      | ^\W*(?:sure|certainly|of\s+course|absolutely)\s*[!,]\s*(?:here|i['’]d\s+be\s+happy|i\s+can\s+help|let\s+me)
      | ^\W*(?:please\s+)?note\s*(?::|that)\s*(?:i|this|the\s+(?:translation|text|sentence|above|following))\b
      | \b(?:i\s+hope\s+this\s+helps|let\s+me\s+know\s+if\s+you(?:['’]d|\s+would|\s+need|\s+have)\b.{0,30}\b(?:changes|else|questions|adjust\w*|like\s+me\s+to))
      | ^\W*\[?(?:the\s+)?(?:translation|translated\s+text|paraphrase|rewritten|output|answer|response|assistant)\]?\s*:\s*\S
    """,
    re.IGNORECASE | re.VERBOSE,
)
JAPANESE = re.compile(
    "(?:言語|AI|ＡＩ)モデル(?:として|です|なので|である)|(?:私は|わたしは)(?:AI|ＡＩ|人工知能)(?:アシスタント|言語モデル)?(?:な|です|で|と)|AIアシスタント(?:として|です|なので)"
    "|(?:お応え|お答え|お手伝い|翻訳(?:を)?(?:する)?|対応|提供|ご提供)(?:すること(?:が|は))?(?:いた|致)?(?:し)?(?:できません|できかねます|出来ません)"
    "|^\\W*(?:以下|次).{0,14}(?:翻訳|訳文|例文|文章|回答|リスト).{0,10}[：:]\\s*$|ご(?:要望|要求|質問|依頼)には?(?:お応え|お答え|対応)"
)


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """Flag rows with a chat model's refusal or preamble.

    Reason: `refusal:<kind>`. The kinds for English are `model` (the text says that it is a model's), `refuses`, and
    `preamble` (`Here are 5 examples:`); `japanese` is any of these in Japanese. Input fields and a free-text target are
    checked.

    Args:
        rows: Rows to check.
        context: Task and reference data.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    reasons = np.full(len(rows), "", dtype=object)
    for name in text_fields(rows, context.task):
        texts = joined(rows, [name])
        candidates = may_be_refusal(tokens_in(rows, [name]), character_classes_in(rows, [name])) & (
            reasons == ""
        )
        for number in np.flatnonzero(candidates).tolist():
            if kind := kind_of(texts[number]):
                reasons[number] = f"refusal:{kind}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def kind_of(text: str) -> str:
    """Return the kind of a chat model's refusal or preamble in a text: `model`, `refuses`, `preamble` or `japanese`.

    Args:
        text: The text.

    Returns:
        The kind; "" if the text has neither.
    """
    if not text.isascii() and JAPANESE.search(text):
        return "japanese"
    for kind, pattern in (("model", SELF), ("refuses", REFUSES), ("preamble", PREAMBLE)):
        if pattern.search(text):
            return kind
    return ""
