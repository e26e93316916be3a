"""The captions of corpora and the nouns in them, as vectors."""

from collections.abc import Sequence
from pathlib import Path

from groupseg.datasets.shards import read_captions
from groupseg.text.encoder import load_encoder
from groupseg.text.features import save_features
from groupseg.text.prompts import embed_words


def embed_captions(corpora: Sequence[Path], package: str, sha256: str, noun_template: str, out: Path) -> None:
    """Embeds every caption and every noun once, and writes both.

    Args:
        corpora: Folders of captioned images; where there is none, no vector is written.
        package: The installed package that carries the text encoder.
        sha256: Digest of its weights.
        noun_template: The sentence that a noun is put into.
        out: The file.

    Raises:
        UserError: If images or encoder are missing or damaged.
    """
    captions, nouns = set[str](), set[str]()
    for corpus in corpora:
        for image in read_captions(corpus):
            captions.add(image.caption)
            nouns.update(image.nouns)
    texts = {"captions": sorted(captions), "nouns": sorted(nouns)}
    features = {}
    if corpora:
        encoder = load_encoder(package, sha256)
        features["captions"] = encoder.encode(texts["captions"])
        features["nouns"] = embed_words(encoder, texts["nouns"], [noun_template])
    save_features(out, features, texts)
