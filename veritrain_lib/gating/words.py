"""Words that carry no content: what two copies of a message may differ in.

English only, put together by hand from the closed word classes (articles, pronouns, auxiliaries, light
prepositions) and from what people write around a message. Words that turn a meaning round are left out on
purpose: negations, question words, `before`, `after`, `out`, `off`, `up`, `down`.
"""

from __future__ import annotations

_FUNCTION = """
a an the this that these those i me my mine we us our ours you your yours u ur he him his she her it its they
them their there here am is are was were be been being im ive id ill were youre its thats theres do does did have
has had having will would can could shall should may might must to of in on at for with by from as about
into onto and or but so then than if that which who just really very quite also too still now already
actually simply only some any one ones
"""

_COURTESY = """
hi hello hey hiya heya howdy yo dear good morning afternoon evening day greetings support team all folks guys
everyone there please pls plz kindly thanks thank thx ty cheers regards best kind many much advance sir madam
sorry ok okay um uh hm hmm well oh again asap
"""

FUNCTION_WORDS = frozenset(_FUNCTION.split())
COURTESY_WORDS = frozenset(_COURTESY.split())
