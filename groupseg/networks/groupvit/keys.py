"""What the tensors of GroupViT are called in the files that it is published in."""

import re
from typing import Literal

Layout = Literal["official", "transformers"]

# In published files beside the tensors of the network, and of no use to it: the temperature of a loss of the training,
# and 0, 1, 2, ... which old versions of transformers wrote.
UNUSED = frozenset({"multi_label_logit_scale", "text_model.embeddings.position_ids"})

# From our names, which are the official ones, to those of transformers' GroupViTModel; applied in this order.
_TRANSFORMERS = [
    (re.compile(pattern), name)
    for pattern, name in (
        (r"^img_encoder\.pos_embed$", "vision_model.embeddings.position_embeddings"),
        (r"^img_encoder\.patch_embed\.proj\.", "vision_model.embeddings.patch_embeddings.projection."),
        (r"^img_encoder\.patch_embed\.norm\.", "vision_model.embeddings.layernorm."),
        (r"^img_encoder\.norm\.", "vision_model.layernorm."),
        (r"^img_encoder\.layers\.", "vision_model.encoder.stages."),
        (r"\.blocks\.(\d+)\.attn\.qkv\.", r".layers.\1.self_attn.{}_proj."),
        (r"\.blocks\.(\d+)\.attn\.proj\.", r".layers.\1.self_attn.out_proj."),
        (r"\.blocks\.(\d+)\.norm(\d)\.", r".layers.\1.layer_norm\2."),
        (r"\.blocks\.", ".layers."),
        (r"\.pre_assign_attn\.attn\.proj\.", ".pre_assign_attn.attn.out_proj."),
        (r"^text_encoder\.token_embedding\.", "text_model.embeddings.token_embedding."),
        (r"^text_encoder\.positional_embedding$", "text_model.embeddings.position_embedding.weight"),
        (r"^text_encoder\.ln_final\.", "text_model.final_layer_norm."),
        (r"^text_encoder\.transformer\.resblocks\.", "text_model.encoder.layers."),
        (r"\.attn\.in_proj_(weight|bias)$", r".self_attn.{}_proj.\1"),
        (r"^(text_model.*)\.attn\.out_proj\.", r"\1.self_attn.out_proj."),
        (r"^(text_model.*)\.ln_(\d)\.", r"\1.layer_norm\2."),
        (r"\.mlp\.c_fc\.", ".mlp.fc1."),
        (r"\.mlp\.c_proj\.", ".mlp.fc2."),
        (r"^img_projector\.", "visual_projection."),
        (r"^text_projector\.", "text_projection."),
        (r"^(visual|text)_projection\.linear_hidden\.", r"\1_projection."),
        (r"^(visual|text)_projection\.linear_out\.", r"\1_projection.3."),
    )
]


def published_names(name: str, layout: Layout) -> tuple[str, ...]:
    """Returns under which names a tensor of ours lies in a published file.

    Args:
        name: In `GroupViT.state_dict()`.
        layout: Of the file: the official checkpoints, or transformers.

    Returns:
        One name; or three, whose tensors are ours when laid one after the other along their first axis: transformers
        keeps the projections of queries, keys and values apart.
    """
    if layout == "official":
        return (name,)
    for pattern, replacement in _TRANSFORMERS:
        name = pattern.sub(replacement, name)
    return tuple(name.format(part) for part in "qkv") if "{}" in name else (name,)
