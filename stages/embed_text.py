"""Embeds the class names of a data set: `python -m stages.embed_text scenes20`."""

from groupseg.check.forms import check_prepared
from groupseg.datasets.shards import read_prepared_classes
from groupseg.networks.registry import load_text_tower
from groupseg.text.encoder import load_encoder
from groupseg.text.features import save_features
from groupseg.text.prompts import class_words, embed_ensemble, embed_words, word_lists
from stages import paths
from stages.params import load_params
from stages.stage import run


def main(dataset: str) -> None:
    params = load_params()
    prompts = params.datasets[dataset].prompts
    check_prepared(paths.prepared(dataset))
    classes, _ = read_prepared_classes(paths.prepared(dataset))
    words = class_words(classes, prompts.names)
    # Texts lie where the model wants them: in the space of its own text tower, where it has one.
    tower = load_text_tower(paths.weights(params.run.model))
    encoder = tower or load_encoder(params.text.package, params.text.sha256)
    lists = word_lists()
    features = {
        "classes": embed_words(encoder, words, prompts.templates),
        "ensemble": embed_ensemble(encoder, words, params.text.ensemble),
        **{f"list.{name}": embed_words(encoder, given, prompts.templates) for name, given in lists.items()},
    }
    about = {
        "classes": classes, "words": words, "encoder": params.run.model if tower else params.text.package,
        "templates": prompts.templates,
        "lists": lists, "ensemble": params.text.ensemble,
    }  # fmt: skip
    save_features(paths.text(dataset), features, about)


if __name__ == "__main__":
    run(main)
