"""From class names to the texts that an encoder reads."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from groupseg.errors import UserError
from groupseg.text.encoder import Encoder


def prompts(words: Sequence[str], templates: Sequence[str]) -> list[str]:
    """Returns every word in every template, the templates of a word side by side.

    Raises:
        UserError: If there is no template, or one has no single `{}` for the word.
    """
    for template in templates:
        if template.count("{}") != 1:
            raise UserError(
                f"prompts.templates: each template must hold {{}} once, for the class name, but got {template!r}."
            )
    if not templates:
        raise UserError("prompts.templates: there must be at least one template, such as 'a photo of a {}.'.")
    return [template.format(word) for word in words for template in templates]


def class_words(classes: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Returns the words that stand for each class: its name, or what `names` says instead.

    Raises:
        UserError: If `names` speaks of a class that is not in the list.
    """
    if unknown := sorted(set(names) - set(classes)):
        raise UserError(f"prompts.names: {', '.join(unknown)} not in the class list: {', '.join(classes)}.")
    return [names.get(name, name) for name in classes]


def embed_words(encoder: Encoder, words: Sequence[str], templates: Sequence[str]) -> NDArray[np.float32]:
    """Returns one unit vector a word, the mean over its templates (CLIP, arXiv 2103.00020, section 3.1.4).

    Returns:
        float32 [len(words), D].
    """
    features = embed_ensemble(encoder, words, templates, encoder.averages_unit).mean(axis=0)
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), dtype=np.float32)


def embed_ensemble(
    encoder: Encoder, words: Sequence[str], templates: Sequence[str], unit: bool = True
) -> NDArray[np.float32]:
    """Returns one vector a word and template; L2-normalised where `unit`.

    Returns:
        float32 [len(templates), len(words), D].
    """
    features = encoder.encode(prompts(words, templates), unit).reshape(len(words), len(templates), -1)
    return np.ascontiguousarray(features.transpose(1, 0, 2), dtype=np.float32)


def word_lists() -> dict[str, list[str]]:
    """Reads the word lists of the package, by name.

    sclip and clip_es are background words of the methods so called (arXiv 2312.01597 and 2212.09506), absent are things
    that no scene shows.
    """
    folder = files("groupseg.text") / "lists"
    found = {file.name: file.read_text(encoding="utf-8").splitlines() for file in folder.iterdir()}
    return {name.removesuffix(".txt"): found[name] for name in sorted(found) if name.endswith(".txt")}
