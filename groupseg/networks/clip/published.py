"""How the published code of each dense CLIP method runs it where its configurations say nothing else."""

from groupseg.networks.clip.config import Attention
from groupseg.networks.frame import Windows

_SMALL = Windows(short=336, long=2048, crop=224, stride=112)
_LARGE = Windows(short=448, long=2048, crop=448, stride=224)

# The scale of cosines, and how an image is read. SCLIP has 65 on VOC and 50 on COCO-Object and Context with background.
# MaskCLIP, which takes the best class and no threshold, is run as SCLIP. plain is CLIP itself: its scale is learned.
PUBLISHED_RUNS: dict[Attention, tuple[float | None, Windows]] = {
    "plain": (None, _SMALL),
    "maskclip": (40.0, _SMALL),
    "sclip": (40.0, _SMALL),
    "clearclip": (50.0, _LARGE),
    "naclip": (40.0, _SMALL),
}
