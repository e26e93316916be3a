"""Embeds the captions of all corpora and the nouns in them: `python -m stages.embed_captions`."""

from groupseg.datasets.shards import read_captions
from groupseg.text.encoder import load_encoder
from groupseg.text.features import save_features
from groupseg.text.prompts import embed_words
from stages import paths
from stages.params import load_params
from stages.stage import run


def main() -> None:
    """Writes no vector where there is no corpus, as for a model with published weights."""
    params = load_params()
    captions, nouns = set[str](), set[str]()
    for corpus in params.run.corpora:
        for image in read_captions(paths.CAPTIONS / corpus):
            captions.add(image.caption)
            nouns.update(image.nouns)
    texts = {"captions": sorted(captions), "nouns": sorted(nouns)}
    features = {}
    if params.run.corpora:
        encoder = load_encoder(params.text.package, params.text.sha256)
        features["captions"] = encoder.encode(texts["captions"])
        features["nouns"] = embed_words(encoder, texts["nouns"], [params.text.noun_template])
    save_features(paths.CAPTION_TEXTS, features, texts)


if __name__ == "__main__":
    run(main)
