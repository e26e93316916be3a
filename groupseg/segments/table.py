"""The segment table: all that is left of images and model once every segment is embedded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.segments.parts import Parts, is_ordered
from groupseg.segments.rows import Matrix, Rows, at, mapped

SegmentKind = Literal["embeddings", "scores"]

# What a file holds of these is read when it is asked for: they are nearly all of it.
LARGE = ("embedding", "parts.embedding", "parts.window_embedding")


@dataclass(frozen=True, eq=False)
class SegmentTable:
    """S segments of N images, each with its embedding and with the truth of the pixels under it.

    Label 0 is the background, label c in 1..C is class c - 1 of `classes`. Pixels are counted at the original
    resolution of the image; ignored pixels are in `area`, but in no column of `histogram`.

    Attributes:
        image: [S] int32, row of the segment's image in 0..N-1, non-decreasing.
        embedding: [S, D] float32, in the space of the class texts, L2-normalised; with `parts` the mean of theirs,
            which is shorter where windows differ. Its product with a text, or with any other vector, is thus a cosine,
            or the mean of those of the windows, and one is comparable with the other. Of a file, `Rows`: what wants
            numbers says `embedding[:]`, of a block (`blocks`) rather than of the whole table.
        area: [S] int64, pixels of the segment, ignored ones included.
        histogram: [S, C + 1] int64 csr_array, pixels of each true label under the segment.
        image_embedding: [N, D] float32, L2-normalised; with `parts` the normalised mean of the windows.
        keys: Names of the N images.
        classes: Names of the C classes, without background.
        text_mean: [D] float32, mean text of the model, taken off class texts; zeros where a model has none.
        scale: The logit scale that the model has learned for segment scores.
        background: [K, D] float32, what the model has learned from captions to be none of their words: the logit of
            the background is `scale` times the highest product with an embedding. No rows where it has learned none.
        with_background: Whether label 0 is a label of the data set; else every pixel is of a class, or ignored.
        protocol: What made the table: "dataset", "split", "model", "weights_sha256", and what the network says of how
            it is run, "resolution" and "window" at least. "embeddings": how precisely a file holds them, float16 or
            (where nothing is said) float32.
        parts: What the segments are made of where images are read through windows; None where a segment is a group of
            the whole image, and groups that own no pixel have no say.
        digests: What the pixels of each of the N images are known again by (`pixel_digest`); empty where that is not
            known.

    Raises:
        ValueError: If shapes do not fit together, `image` is out of order or out of range, or `parts` are those of
            other segments.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> scored.table.kind, scored.table.area
        ('scores', array([1, 1, 1, 1]))
        >>> scored.table.relabelled(["cat"]).histogram.toarray()  # sofa becomes background
        array([[1, 0],
               [0, 1],
               [0, 1],
               [1, 0]])
    """

    image: NDArray[np.int32]
    embedding: Matrix
    area: NDArray[np.int64]
    histogram: csr_array
    image_embedding: NDArray[np.float32]
    keys: tuple[str, ...]
    classes: tuple[str, ...]
    text_mean: NDArray[np.float32]
    scale: float
    background: NDArray[np.float32]
    with_background: bool
    protocol: dict[str, str]
    parts: Parts | None = None
    digests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Checks that the parts fit together."""
        segments, images, width = len(self.image), len(self.keys), len(self.text_mean)
        shapes = {
            "embedding": (segments, width),
            "area": (segments,),
            "histogram": (segments, len(self.classes) + 1),
            "image_embedding": (images, width),
            "background": (len(self.background), width),
        }
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"Expected `{name}` of shape {shape}, but got {found}")
        if not is_ordered(self.image, images):
            raise ValueError(f"Expected `image` to be non-decreasing in 0..{images - 1}, but it is not")
        if len(self.digests) not in (0, images):
            raise ValueError(f"Expected `digests` of {images} images or none, but got {len(self.digests)}")
        if self.parts is not None:
            self.parts.check(self.image, images, width)

    @property
    def kind(self) -> SegmentKind:
        """What segments are described by: vectors in the space of texts, or what a method says of every class."""
        return _kind(self.protocol)

    @property
    def units(self) -> NDArray[np.int64]:
        """How many things are described by themselves in each segment, int64 [S]: pixels that have scores, else one."""
        return self.area.astype(np.int64) if self.kind == "scores" else np.ones(len(self.image), np.int64)

    def save(self, path: str | Path) -> None:
        """Writes the table; equal tables are equal bytes.

        Raises:
            UserError: If the file cannot be written.
        """
        precision = self.protocol.get("embeddings", "float32")
        histogram = self.histogram.copy()
        histogram.sum_duplicates()
        arrays = {
            "image": self.image.astype(np.int32),
            "embedding": np.asarray(self.embedding[:], precision),
            "area": self.area.astype(np.int64),
            "histogram.indptr": histogram.indptr.astype(np.int64),
            "histogram.indices": histogram.indices.astype(np.int32),
            "histogram.data": histogram.data.astype(np.int64),
            "image_embedding": self.image_embedding.astype(np.float32),
            "text_mean": self.text_mean.astype(np.float32),
            "background": self.background.astype(np.float32),
        }
        if self.parts is not None:
            arrays |= {f"parts.{name}": array for name, array in self.parts.arrays(precision).items()}
        rest = {
            "keys": self.keys, "classes": self.classes, "scale": self.scale, "protocol": self.protocol,
            "with_background": self.with_background, "digests": self.digests,
        }  # fmt: skip
        # One metadata entry alone: safetensors writes several in no fixed order.
        metadata = {"table": json.dumps(rest, sort_keys=True, ensure_ascii=False)}
        # safetensors writes the memory as it lies, so that a strided view would be stored wrongly.
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        with atomic_path(path) as temporary:
            save_file(contiguous, temporary, metadata)

    @classmethod
    def load(cls, path: str | Path) -> "SegmentTable":
        """Reads what `save` wrote.

        Raises:
            UserError: If the file is missing, truncated, or no segment table.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                names = set(file.keys())
                arrays: dict[str, Any] = {**mapped(Path(path), names - set(LARGE))}
                arrays |= {name: Rows(path, name) for name in LARGE if name in names}
                rest = json.loads(file.metadata()["table"])
            data, indices, indptr = (arrays.pop(f"histogram.{name}") for name in ("data", "indices", "indptr"))
            # Of one type with the indices, which scipy would copy otherwise.
            indptr = indptr.astype(indices.dtype if len(data) < 2**31 else indptr.dtype)
            shape = (len(arrays["image"]), len(rest["classes"]) + 1)
            histogram = csr_array((data, indices, indptr), shape=shape)
            histogram.check_format(full_check=True)
            made_of = {name: arrays.pop(name) for name in list(arrays) if name.startswith("parts.")}
            if made_of:
                rest["parts"] = Parts.from_arrays({name[6:]: array for name, array in made_of.items()})
            rest |= {name: tuple(rest[name]) for name in ("keys", "classes", "digests")}
            return cls(histogram=histogram, **arrays, **rest)
        except FileNotFoundError as error:
            raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise UserError(f"{path} is no segment table ({reason}). Delete it and run `dvc repro`.") from error

    def project_text(self, raw: ArrayLike) -> NDArray[np.float32]:
        """Brings raw text embeddings into the space of the segments.

        Args:
            raw: [C, D], L2-normalised texts as the encoder gives them.

        Returns:
            [C, D] float32: `raw` minus `text_mean`, L2-normalised again.

        Raises:
            UserError: If `raw` has another width than the table.
        """
        texts = np.asarray(raw, dtype=np.float64)
        if texts.ndim != 2 or texts.shape[1] != len(self.text_mean):
            raise UserError(
                f"Expected text embeddings of shape (classes, {len(self.text_mean)}), but got {texts.shape}. "
                "Embed the texts with the encoder that the model was trained with."
            )
        centred = texts - self.text_mean
        norm = np.linalg.norm(centred, axis=1, keepdims=True)
        projected: NDArray[np.float64] = centred / np.maximum(norm, 1e-12)
        return projected.astype(np.float32)

    def between(self, first: int, end: int) -> "SegmentTable":
        """Keeps the images first..end-1; arrays in memory are not copied."""
        rows = slice(*np.searchsorted(self.image, [first, end]).tolist())
        pixels, start = self.histogram, self.histogram.indptr[rows.start]
        entries = slice(start, pixels.indptr[rows.stop])
        counts = pixels.data[entries], pixels.indices[entries], pixels.indptr[rows.start : rows.stop + 1] - start
        return replace(
            self,
            image=self.image[rows] - np.int32(first),
            embedding=self.embedding[rows],
            area=self.area[rows],
            histogram=csr_array(counts, shape=(rows.stop - rows.start, pixels.shape[1])),
            image_embedding=self.image_embedding[first:end],
            keys=self.keys[first:end],
            digests=self.digests[first:end],
            parts=None if self.parts is None else self.parts.between(rows, first, end),
        )

    def subset(self, images: ArrayLike) -> "SegmentTable":
        """Keeps some images: image `images[i]` becomes image i. Embeddings in a file are not read.

        Args:
            images: [M] int, rows of the images to keep, without repeats.

        Raises:
            ValueError: If a row is repeated or out of range.
        """
        kept = np.asarray(images, dtype=np.int64).reshape(-1)
        count = len(self.keys)
        if len(np.unique(kept)) != len(kept) or np.any((kept < 0) | (kept >= count)):
            raise ValueError(f"Expected `images` to be distinct rows in 0..{count - 1}, but got {kept.tolist()}")
        renumbered = np.full(count, -1, dtype=np.int32)
        renumbered[kept] = np.arange(len(kept))
        image = renumbered[self.image]
        rows = np.argsort(image, kind="stable")[np.count_nonzero(image < 0) :]
        return replace(
            self,
            image=image[rows],
            embedding=at(self.embedding, rows),
            area=self.area[rows],
            histogram=self.histogram[rows],
            image_embedding=self.image_embedding[kept],
            keys=tuple(self.keys[row] for row in kept),
            parts=None if self.parts is None else self.parts.subset(rows, renumbered),
            digests=tuple(self.digests[row] for row in kept) if self.digests else (),
        )

    def average(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Takes the mean of what is found for the segments of `windows`, [P, ...], over those over each segment."""
        return values if self.parts is None else self.parts.average(values)

    def windows(self) -> "SegmentTable":
        """Takes the windows for images and their groups for segments; the table itself where it has no parts.

        With that, what is a rule of an image becomes a rule of a window. Their area and their pixels are 0: where
        windows overlap, a pixel would be in several.
        """
        if self.parts is None:
            return self
        groups = len(self.parts.window)
        return replace(
            self,
            image=self.parts.window,
            embedding=self.parts.embedding,
            area=np.zeros(groups, dtype=np.int64),
            histogram=csr_array((groups, len(self.classes) + 1), dtype=np.int64),
            image_embedding=self.parts.window_embedding[:],
            keys=tuple(self.keys[row] for row in self.parts.window_image),
            parts=None,
            digests=(),
        )

    def relabelled(self, classes: Sequence[str]) -> "SegmentTable":
        """Gives the table another class list.

        The pixels of classes that are left out become background, or ignored where the data set has none. Names that
        are new own no pixel.
        """
        columns = {name: column for column, name in enumerate(self.classes, start=1)}
        shape = (len(self.classes) + 1, len(classes) + 1)
        target = np.zeros(shape, dtype=np.int64)
        for column, name in enumerate(classes, start=1):
            if name in columns:
                target[columns[name], column] = 1
        left_out = target.sum(axis=1) == 0
        target[left_out, 0] = self.with_background
        return replace(self, histogram=csr_array(self.histogram @ csr_array(target)), classes=tuple(classes))


def read_kind(path: str | Path) -> SegmentKind:
    """Returns the `kind` of the table in a file, whose arrays are not read; errors are those of `SegmentTable.load`."""
    try:
        with safe_open(path, framework="numpy") as file:
            return _kind(json.loads(file.metadata()["table"])["protocol"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return SegmentTable.load(path).kind


def _kind(protocol: Mapping[str, str]) -> SegmentKind:
    return "scores" if "scores" in protocol else "embeddings"
