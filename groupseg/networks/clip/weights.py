"""The weights of a CLIP model: read from what is published, checked, and kept in one safetensors file."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import open_clip
import torch
from open_clip.transformer import VisionTransformer
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.io.tensors import check_shapes, shapes
from groupseg.networks.checkpoint import read_checkpoint
from groupseg.networks.clip.config import Clip
from groupseg.networks.foreign import refuse_foreign
from groupseg.networks.frame import Windows

Precision = Literal["float32", "bfloat16"]

# In OpenAI's archives beside the tensors of the network.
_UNUSED = frozenset({"input_resolution", "context_length", "vocab_size"})


@dataclass(frozen=True, kw_only=True)
class About:
    """What a file of weights says besides its tensors.

    Attributes:
        clip: The network, and how segments are made.
        frame: How an image becomes windows.
        precision: Of matrix products; bfloat16 is faster where the machine has it, and a little less exact.
    """

    clip: Clip
    frame: Windows
    precision: Precision


def empty_clip(name: str) -> open_clip.CLIP:
    """Makes a model of open_clip without memory: its tensors only have shapes, until others take their place.

    Raises:
        UserError: If open_clip has no such model, or it is none whose image tower is a ViT of open_clip's own and whose
            text tower needs nothing from elsewhere.
    """
    if name not in (known := open_clip.list_models()):
        near = difflib.get_close_matches(name, known, 3, 0.5)
        hint = f" Near it: {', '.join(near)}." if near else " See `open_clip.list_models()`."
        raise UserError(f"clip.name: open_clip has no model {name!r}.{hint}")
    config = open_clip.get_model_config(name)
    vision, text = config["vision_cfg"], config["text_cfg"]
    reasons = {
        "its image tower is one of timm": vision.get("timm_model_name"),
        "its image tower is no ViT": isinstance(vision.get("layers"), list),
        "it pools patches by attention": vision.get("attentional_pool") or config.get("multimodal_cfg"),
        "its text tower is one of Hugging Face": text.get("hf_model_name"),
    }
    for reason, holds in reasons.items():
        if holds:
            raise UserError(
                f"clip.name: {name!r} has no dense features, for {reason}. Take a ViT, as ViT-B-16-quickgelu."
            )
    with torch.device("meta"):
        return open_clip.CLIP(**config)


def convert(path: Path, name: str) -> dict[str, Tensor]:
    """Reads a published file of weights.

    Args:
        path: The safetensors or checkpoint of open_clip, OpenAI's archive, or a file of ours.
        name: Of the model in open_clip. That of OpenAI's weights ends in `-quickgelu`; nothing in a file tells.

    Returns:
        The state of `open_clip.CLIP`, float32, in its order.

    Raises:
        UserError: If the file is missing, truncated, holds code, or other tensors than the model has.
    """
    wanted = empty_clip(name).state_dict()
    # Training on several processes puts `module.` before every name.
    found = {key.removeprefix("module."): tensor for key, tensor in read_checkpoint(path).items() if key not in _UNUSED}
    refuse_foreign(path, found, "clip")
    check_shapes(path, shapes(found), shapes(wanted))
    return {key: found[key].float() for key in wanted}


def save_clip(state: Mapping[str, Tensor], about: About, path: str | Path) -> None:
    """Writes the state of `open_clip.CLIP` and what it is; equal weights are equal bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    # One metadata entry alone: safetensors writes several in no fixed order.
    content = save(tensors, {"clip": json.dumps(asdict(about), sort_keys=True)})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def load_visual(path: str | Path) -> tuple[VisionTransformer, float, About]:
    """Reads the image tower that `save_clip` wrote, ready for inference.

    Returns:
        The tower, the logit scale that the model has learned, and what the file says of it.

    Raises:
        UserError: If the file is missing or truncated, or its tensors do not fit what it says it is.
    """
    model, about = _load(path, lambda name: name.startswith("visual.") or name == "logit_scale")
    return model.visual.eval(), model.logit_scale.exp().item(), about


def load_text(path: str | Path) -> tuple[open_clip.CLIP, About]:
    """Reads the text tower that `save_clip` wrote, ready for inference: a model without image tower.

    Raises:
        UserError: If the file is missing or truncated, or its tensors do not fit what it says it is.
    """
    model, about = _load(path, lambda name: not name.startswith("visual."))
    model.visual = torch.nn.Identity()
    if model.attn_mask is not None:
        # No part of the state: each token looks at itself and those before it.
        model.attn_mask = torch.full(model.attn_mask.shape, float("-inf")).triu(1)
    return model.eval(), about


def _load(path: str | Path, needed: Callable[[str], bool]) -> tuple[open_clip.CLIP, About]:
    """Checks all of a file, and reads what is needed of it: the other tensors stay empty."""
    try:
        with safe_open(path, framework="pt") as file:
            data = json.loads((file.metadata() or {})["clip"])
            about = About(clip=Clip(**data["clip"]), frame=Windows(**data["frame"]), precision=data["precision"])
            model = empty_clip(about.clip.name)
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)
            check_shapes(path, found, shapes(model.state_dict()))
            model.load_state_dict({name: file.get_tensor(name) for name in found if needed(name)}, False, assign=True)
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except UserError:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} holds no CLIP model ({type(error).__name__}: {error}). Bring published weights in with "
            "`groupseg weights convert`."
        ) from error
    return model, about
