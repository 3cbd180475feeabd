"""English word lists for finding near duplicates: function words, courtesy, and reversals of meaning.

Put together by hand from the closed word classes (articles, pronouns, auxiliaries, light prepositions) and from what
people write around a message. Words that reverse a meaning are deliberately not among the function words: negations,
question words, `before`, `after`, `out`, `off`, `up`, `down`.
"""

from __future__ import annotations

import re

_FUNCTION = """
a an the this that these those i me my mine we us ours our you your yours u ur he him his she her it its they
them their there here am is are was were be been being im ive id ill were youre its thats theres do does did have
has had having will would can could shall should may might must to of in on at for with by from as about
into onto and or but so then than if that which who just really very quite also too still now already
actually simply only some any one ones please pls plz kindly ok okay well oh again um uh hm hmm
"""

_FRAME = """
can could would will may might must please pls plz kindly need want wanna like id i you to ok okay
"""

_POLITE = """
please pls plz kindly ok okay well oh um uh hm hmm
"""

_TURNING = """
no not never none nothing without cannot cant dont wont isnt arent doesnt didnt shouldnt couldnt wouldnt before
after out off up down over under more less but except instead what when where why how who which
"""

FUNCTION_WORDS = frozenset(_FUNCTION.split())

FRAME_WORDS = frozenset(_FRAME.split())
"""Words of the frame of a request (`could you ... please`), in which people who ask for the same thing differ."""

POLITE_WORDS = frozenset(_POLITE.split())
"""Words that carry no meaning wherever they occur in a request, such as `please`."""

TURNING_WORDS = frozenset(_TURNING.split()) - FUNCTION_WORDS
"""Words that change the meaning of a message when they are added or left out, such as `not`."""

_HELLO = (
    r"(?:hi|hello|hey|hiya|heya|howdy|yo|dear|greetings|good (?:morning|afternoon|evening|day))"
    r"(?: (?:hi|hello|hey|there|all|team|support|folks|guys|everyone|again|sir|madam))*"
)
_BYE = (
    r"(?:(?:many |kind |best |warm )?(?:thanks|thank you|thank u|thx|ty|cheers|regards)"
    r"(?: (?:a lot|so much|very much|in advance|again))?)"
)
COURTESY = re.compile(rf"^(?:{_HELLO} )+(?=\S)|(?<=\S)(?: {_BYE})+$")
"""Pattern of greetings before a message and thanks after it, in the message's normal form."""

_GREETS = "hi hello hey hiya heya howdy yo dear greetings good"
_THANKS = "thanks you u thx ty cheers regards lot much advance again"
GREETS, THANKS = frozenset(_GREETS.split()), frozenset(_THANKS.split())
"""Words of greetings and of thanks, one of which a text must begin or end with for `COURTESY` to match."""
