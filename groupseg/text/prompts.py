"""From class names to the texts that an encoder reads."""

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from groupseg.errors import UserError
from groupseg.text.encoder import Encoder
from groupseg.text.variants import Renaming, read_variant


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


def class_words(classes: Sequence[str], names: str | Renaming) -> list[str]:
    """Returns the words that stand for each class: its name, or what `names` says instead.

    Args:
        classes: The class list.
        names: Other words for some of them, or the name of a published variant that says them.

    Returns:
        One text a class. Several words are joined by ", ", as they are in the class lists of others; they are embedded
        each by itself.

    Raises:
        UserError: If `names` speaks of a class that is not in the list, or of a variant that is not there.
    """
    named = read_variant(names) if isinstance(names, str) else names
    if unknown := sorted(set(named) - set(classes)):
        raise UserError(f"prompts.names: {', '.join(unknown)} not in the class list: {', '.join(classes)}.")
    words = [named.get(name, name) for name in classes]
    return [word if isinstance(word, str) else ", ".join(word) for word in words]


def embed_words(encoder: Encoder, words: Sequence[str], templates: Sequence[str]) -> NDArray[np.float32]:
    """Returns one unit vector a class, the mean over its templates (CLIP, arXiv 2103.00020, section 3.1.4).

    Args:
        encoder: The text encoder.
        words: What stands for each class; of several words, joined by ", ", the mean is taken as of templates.
        templates: Each holds {} once.

    Returns:
        float32 [len(words), D].
    """
    features = _mean_words(encoder, words, templates, encoder.averages_unit).mean(axis=0)
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), dtype=np.float32)


def embed_ensemble(encoder: Encoder, words: Sequence[str], templates: Sequence[str]) -> NDArray[np.float32]:
    """Returns one unit vector a class and template; arguments are those of `embed_words`.

    Returns:
        float32 [len(templates), len(words), D].
    """
    features = _mean_words(encoder, words, templates, unit=True)
    # What the encoder gives has unit length already, and stays as it is, bit by bit.
    several = np.array([", " in word for word in words], bool)
    features[:, several] /= np.linalg.norm(features[:, several], axis=-1, keepdims=True)
    return features


def _mean_words(encoder: Encoder, words: Sequence[str], templates: Sequence[str], unit: bool) -> NDArray[np.float32]:
    """Returns for each template and class the mean over its words, float32 [len(templates), len(words), D]."""
    split = [word.split(", ") for word in words]
    single = [part for parts in split for part in parts]
    encoded = encoder.encode(prompts(single, templates), unit)
    features = encoded.reshape(len(single), len(templates), -1).transpose(1, 0, 2)
    counts = np.array([len(parts) for parts in split])
    if len(single) > len(words):
        features = np.add.reduceat(features, counts.cumsum() - counts, axis=1) / counts[:, None]
    return np.ascontiguousarray(features, dtype=np.float32)


def word_lists() -> dict[str, list[str]]:
    """Reads the word lists of the package, by name.

    sclip and clip_es are background words of the methods so called (arXiv 2312.01597 and 2212.09506), absent are things
    that no scene shows.
    """
    folder = files("groupseg.text") / "lists"
    found = {file.name: file.read_text(encoding="utf-8").splitlines() for file in folder.iterdir()}
    return {name.removesuffix(".txt"): found[name] for name in sorted(found) if name.endswith(".txt")}
