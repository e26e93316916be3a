"""The nouns of a caption.

A tagger that carries its English model in its package: HanTa, a hidden Markov model of morphemes and words (Wartena,
"The Hanover Tagger", 2023), trained on the British National Corpus, whose tags it gives (the C5 tagset).
"""

import re
from functools import cache
from pathlib import Path

import inflect
from HanTa import HanoverTagger

# A clitic such as 's is a word of its own, as in the corpus; hyphens stay within a word.
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|['\u2019][^\W\d_]+|\d+|[.,;:!?]")

# Common nouns: without number, singular, plural, and what the tagger knows too little of, such as giraffes. Names of
# people and places (NP0) are none.
_PLURAL = "NN2"
_NOUNS = frozenset({"NN0", "NN1", _PLURAL, "UNC"})


def nouns(caption: str) -> list[str]:
    """Returns the common nouns of an English caption: lower case, singular, each once, in order.

    Of compounds each noun stands alone: a tennis racket gives tennis and racket.
    """
    tagger, inflections = _tools()
    tagged = tagger.tag_sent(_WORD.findall(caption))
    found = []
    for word, lemma, tag in tagged:
        if tag in _NOUNS and len(word) > 1 and word[0].isalpha():
            singular = _singular(word, lemma, inflections) if tag == _PLURAL else word
            found.append(singular.lower())
    return list(dict.fromkeys(found))


def _singular(plural: str, lemma: str, inflections: inflect.engine) -> str:
    # The tagger knows which words have no singular, such as jeans; the rules know how others make it, such as skis.
    if lemma.lower() == plural.lower():
        return plural
    return str(inflections.singular_noun(plural.lower()) or lemma)


@cache
def _tools() -> tuple[HanoverTagger.HanoverTagger, inflect.engine]:
    # By its full path: the tagger would take a file of this name in the working folder first.
    model = Path(HanoverTagger.__file__).with_name("morphmodel_en.pgz")
    return HanoverTagger.HanoverTagger(str(model)), inflect.engine()
