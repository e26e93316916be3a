"""Embeds the captions of all corpora and the nouns in them: `python -m stages.embed_captions`."""

from groupseg.text.captions import embed_captions
from stages import paths
from stages.params import load_params
from stages.stage import run


def main() -> None:
    """Writes no vector where there is no corpus, as for a model with published weights."""
    params = load_params()
    corpora, text = [paths.CAPTIONS / corpus for corpus in params.run.corpora], params.text
    embed_captions(corpora, text.package, text.sha256, text.noun_template, paths.CAPTION_TEXTS)


if __name__ == "__main__":
    run(main)
