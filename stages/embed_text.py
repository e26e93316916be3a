"""Embeds the class names of a data set: `python -m stages.embed_text scenes20`."""

from pathlib import Path

from groupseg.datasets.shards import read_class_list
from groupseg.text.encoder import load_encoder
from groupseg.text.features import save_features
from groupseg.text.prompts import class_words, embed_words
from stages.params import load_params
from stages.stage import run


def main(dataset: str) -> None:
    params = load_params()
    prompts = params.datasets[dataset].prompts
    classes, _ = read_class_list(Path("data/prepared") / dataset)
    words = class_words(classes, prompts.names)
    features = embed_words(load_encoder(params.text.package, params.text.sha256), words, prompts.templates)
    about = {"classes": classes, "words": words, "encoder": params.text.package, "templates": prompts.templates}
    save_features(Path("data/text") / f"{dataset}.safetensors", {"classes": features}, about)


if __name__ == "__main__":
    run(main)
