"""Scores of every pixel by words, as the published dense CLIP methods compute them.

The code of SCLIP (wangf3014/SCLIP, clip_segmentor.py), ClearCLIP (mc-lan/ClearCLIP, clearclip_segmentor.py) and NACLIP
(sinahmr/NACLIP, naclip.py) does the same: cosines of patches with all words are enlarged bilinearly to the window,
averaged over windows and brought to the size of the image; one softmax runs over all words, and a class has the
probability of its best word. TCL (kakaobrain/tcl, models/tcl/tcl.py) takes a sigmoid of each cosine of a patch instead,
and enlarges and averages those.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from groupseg.errors import UserError
from groupseg.networks.clip.network import ClipNetwork, load_clip_network
from groupseg.networks.frame import Box, Image, Windows, resize
from groupseg.refine.masks import refinement
from groupseg.refine.settings import UNREFINED, Refine
from groupseg.text.queries import Queries

# Windows that are read together.
_BATCH = 32

# Values that are refined at once: with all their neighbours, they must fit into memory.
_REFINED = 2**24


class PixelScores:
    """Scores the pixels of images.

    Args:
        network: The network.
        queries: The words, in the space of the network.
        refine: How what is averaged over windows is refined by the colours of an image, as the network reads them.

    Raises:
        UserError: If the area rule has no background that could take what it frees.
    """

    def __init__(self, network: ClipNetwork, queries: Queries, refine: Refine = UNREFINED) -> None:
        if network.clip.area is not None and not queries.with_background:
            raise UserError(
                "clip.area: small classes are left to the background, which has no words here. Name some in "
                "`prompts.background` of the data set, or leave `area` out."
            )
        self._network, self._queries, self._refine = network, queries, refine
        self._device = network.tower.mean.device
        self._words = torch.from_numpy(queries.text).to(self._device)
        self._times = torch.bincount(torch.from_numpy(queries.word)).to(self._words)
        self._rows = [torch.from_numpy(rows).to(self._device) for rows in queries.of_labels()]

    @property
    def steps(self) -> int:
        """How many steps of probability are told apart."""
        return self._network.clip.steps

    @property
    def protocol(self) -> dict[str, str]:
        """In words, how the network is run and what is made of its patches."""
        clip, classes, scale = self._network.clip, "a class has its best word", f"scale {self._network.scale:g}"
        small = "" if clip.area is None else f", classes of at most {clip.area} of the area left out"
        return {
            **self._network.protocol,
            "labels": f"{self._averaged} brought to the size of the image bilinearly",
            "scores": f"{self._made_of(scale)}, {classes}{small}, told apart in {clip.steps} steps of probability",
            **({} if self._refine == UNREFINED else {"refine": f"{self._refine}, of the {self._averaged}"}),
        }

    @property
    def _averaged(self) -> str:
        return "cosines" if self._network.clip.bias is None else "sigmoids"

    def _made_of(self, scale: str) -> str:
        bias = self._network.clip.bias
        if bias is None:
            return f"one softmax over {len(self._queries.word)} words at {scale}"
        return f"sigmoids of patches at {scale} and bias {bias:g}"

    @torch.inference_mode()
    def __call__(self, image: Image) -> Tensor:
        """Scores an image, uint8 [H, W, 3].

        Returns:
            Probabilities of the best words, float32 [C, H, W], or [1 + C, H, W], the background first, where it has
            words. They add up to 1 at most. An image takes about 16 bytes a pixel and word.
        """
        scores = self._of_classes(self._refined(self._planes(image), image))
        return scores if self._network.clip.area is None else without_small(scores, self._network.clip.area)

    def _planes(self, image: Image) -> Tensor:
        """Cosines of the pixels of an image with the words, or the mean of their sigmoids, float32 [U, H, W]."""
        frame, size = self._network.frame, (image.shape[0], image.shape[1])
        views = frame.views(image)
        grids = self._grids(views.windows)
        if isinstance(frame, Windows) and frame.crop is None:
            return bilinear(next(grids), size)
        total = torch.zeros(len(self._words), *views.canvas, device=self._device)
        count = torch.zeros(views.canvas, device=self._device)
        for box, grid in zip(views.boxes, grids, strict=True):
            place = within(box)
            total[place] += self._enlarged(grid, box)
            count[place[1:]] += 1
        return bilinear(total.div_(count), size)

    def _grids(self, windows: list[Tensor]) -> Iterator[Tensor]:
        """Cosines of the patches of windows, which are all of one size, or their sigmoids: float32 [U, h, w] each."""
        bias = self._network.clip.bias
        for start in range(0, len(windows), _BATCH):
            dense = self._network.dense(torch.stack(windows[start : start + _BATCH]))
            cosines = (dense.patches @ self._words.T).permute(0, 3, 1, 2)
            yield from cosines if bias is None else (self._network.scale * cosines + bias).sigmoid()

    def _enlarged(self, grid: Tensor, box: Box) -> Tensor:
        """Brings the planes of patches to the pixels of their window; what was padded is cut off."""
        height, width = box.size
        left, right, above, below = self._network.tower.padding(height, width)
        padded = bilinear(grid, (height + above + below, width + left + right))
        return padded[:, above : above + height, left : left + width]

    def _refined(self, planes: Tensor, image: Image) -> Tensor:
        if self._refine == UNREFINED:
            return planes
        # The authors enlarge what the network has read, which is not as sharp as the image.
        read = resize(image, self._network.frame.views(image).canvas).float().to(self._device)
        refined = refinement(self._refine, bilinear(read, planes.shape[1:]))
        assert refined is not None
        pieces = torch.split(planes, max(_REFINED // planes[0].numel(), 1))
        return torch.cat([refined(piece) for piece in pieces])

    def _of_classes(self, planes: Tensor) -> Tensor:
        """Probabilities of the best word of each class.

        Words that several classes have count once for each: equal scores stay equal to the last bit.
        """
        if self._network.clip.bias is not None:
            return torch.stack([planes[rows].amax(dim=0) for rows in self._rows])
        logits = self._network.scale * planes
        power = logits.sub_(logits.amax(dim=0)).exp_()
        total = torch.tensordot(self._times, power, dims=1)
        return torch.stack([power[rows].amax(dim=0) for rows in self._rows]).div_(total)


def load_pixel_scores(path: str | Path, queries: Queries, refine: Refine = UNREFINED) -> PixelScores:
    """Reads the network in a file that `groupseg.networks.clip.weights.save_clip` wrote; see `PixelScores`.

    Raises:
        UserError: As `groupseg.networks.clip.network.load_clip_network` and `PixelScores`.
    """
    return PixelScores(load_clip_network(path), queries, refine)


def within(box: Box) -> tuple[slice, slice, slice]:
    """Where a box lies in planes, [:, top:bottom, left:right]."""
    return slice(None), slice(box.top, box.bottom), slice(box.left, box.right)


def bilinear(planes: Tensor, size: tuple[int, ...]) -> Tensor:
    """Brings planes [K, h, w] to another size, between the centres of pixels and without antialiasing."""
    return F.interpolate(planes[None], size=size, mode="bilinear", align_corners=False)[0]


def without_small(scores: Tensor, share: float) -> Tensor:
    """Sets the scores of small classes to 0, so that the next best takes their pixels (SCLIP, `area_thd`).

    Args:
        scores: [1 + C, H, W], the background first. They are changed.
        share: Of the pixels that the classes have; who has at most this is small.
    """
    area = torch.bincount(scores.argmax(dim=0).flatten(), minlength=len(scores))[1:]
    scores[1:][area <= share * int(area.sum())] = 0
    return scores
