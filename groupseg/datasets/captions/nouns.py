"""The nouns of a caption.

A tagger that carries its English model in its package: HanTa, a hidden Markov model of morphemes and words (Wartena,
"The Hanover Tagger", 2023, doi 10.25968/opus-2457). Its tags are those of the British National Corpus (C5).
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # inflect takes seconds to load, and only those need it who read captions
    import inflect
    from HanTa import HanoverTagger

# A clitic such as 's is a word of its own, as in the corpus; hyphens stay within a word.
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|['\u2019][^\W\d_]+|\d+|[.,;:!?]")

# The tagger takes 10 ms for a word of so many letters, and four times as long for twice as many. The web has such.
_LONGEST = 40

# Common nouns: without number, singular, plural, and words the tagger knows too little of, such as giraffes. Names of
# people and places (NP0) are none.
_SINGULAR, _PLURAL, _UNKNOWN = ("NN0", "NN1"), "NN2", "UNC"


def nouns(caption: str) -> list[str]:
    """Returns the common nouns of an English caption: lower case, singular, each once, in order.

    Of compounds each noun stands alone: a tennis racket gives tennis and racket.
    """
    tagger, inflections = _tools()
    found = []
    words = [word for word in _WORD.findall(caption) if len(word) <= _LONGEST]
    for original, lemma, tag in tagger.tag_sent(words):
        word = original.lower()
        if len(word) < 2 or not word[0].isalpha():
            continue
        # The tagger knows which words have no singular, such as jeans; the rules know how others make it.
        if tag in _SINGULAR or (tag == _PLURAL and lemma.lower() == word):
            found.append(word)
        elif tag in (_PLURAL, _UNKNOWN):
            found.append(str(inflections.singular_noun(word) or word))
    return list(dict.fromkeys(found))


@cache
def _tools() -> "tuple[HanoverTagger.HanoverTagger, inflect.engine]":
    import inflect
    from HanTa import HanoverTagger

    # By its full path: the tagger would take a file of this name in the working folder first.
    model = Path(HanoverTagger.__file__).with_name("morphmodel_en.pgz")
    return HanoverTagger.HanoverTagger(str(model)), inflect.engine()
