"""Random weights of the published layers, narrower and fewer, and the two files they are published in.

transformers' GroupViTModel is the reference; the names of the official checkpoint come from the map in its old script
`convert_groupvit_nvlab_to_hf.py`, turned round here, independently of `groupseg.networks.groupvit.keys`.
"""

import re
from dataclasses import replace

import torch
from torch import Tensor, nn
from transformers import GroupViTConfig, GroupViTModel

from groupseg.networks.groupvit.architecture import PUBLISHED, GroupViTArchitecture

State = dict[str, Tensor]

SMALLER = replace(PUBLISHED, dim=48, depths=(2, 2, 1), text_width=32, text_depth=2, hidden=80, space=24)


def config(shape: GroupViTArchitecture) -> GroupViTConfig:
    """The shape, as transformers has it."""
    last = shape.output_groups[-1]
    vision = {
        "image_size": shape.resolution, "patch_size": shape.patch, "hidden_size": shape.dim,
        "intermediate_size": 4 * shape.dim, "num_attention_heads": shape.heads, "num_hidden_layers": sum(shape.depths),
        "depths": list(shape.depths), "num_group_tokens": [*shape.group_tokens, 0],
        "num_output_groups": [*shape.output_groups, last],
    }  # fmt: skip
    text = {
        "hidden_size": shape.text_width, "intermediate_size": 4 * shape.text_width,
        "num_hidden_layers": shape.text_depth, "num_attention_heads": shape.text_heads,
        "max_position_embeddings": shape.context, "vocab_size": shape.vocabulary,
    }  # fmt: skip
    return GroupViTConfig(
        vision_config=vision, text_config=text, projection_dim=shape.space, projection_intermediate_dim=shape.hidden
    )


def reference() -> GroupViTModel:
    """A model whose every tensor matters: nothing is zero or one, and patches choose their groups clearly."""
    torch.manual_seed(0)
    model = GroupViTModel(config(SMALLER)).eval()
    with torch.no_grad():
        for name, tensor in model.named_buffers():
            if name.endswith("running_mean"):
                tensor.normal_(0, 0.3)
            if name.endswith("running_var"):
                tensor.uniform_(0.3, 2)
            if name.endswith("num_batches_tracked"):
                tensor.fill_(7)
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
            if "group_token" in name or "position" in name:
                parameter.normal_(0, 0.5)
            if name.endswith("assign.q_proj.weight"):
                parameter.mul_(160)
        nn.init.constant_(model.logit_scale, 3.0)
    return model


def official(state: State) -> State:
    """The state dict of the official checkpoint, from that of transformers."""
    result: State = {"multi_label_logit_scale": torch.tensor(2.0)}
    for name, tensor in state.items():
        if re.search(r"self_attn\.[kv]_proj", name):
            continue
        if "self_attn.q_proj" in name:
            tensor = torch.cat([state[name.replace("q_proj", f"{part}_proj")] for part in "qkv"])
        if re.fullmatch(r"(visual|text)_projection\.[03]\.weight", name):
            tensor = tensor.unsqueeze(2)
        result[_official_name(name)] = tensor.clone()
    return result


def _official_name(name: str) -> str:
    for side, projector in (("visual", "img"), ("text", "text")):
        name = re.sub(rf"^{side}_projection\.([01])\.", rf"{projector}_projector.linear_hidden.\1.", name)
        name = name.replace(f"{side}_projection.3.", f"{projector}_projector.linear_out.")
    if name.startswith("text_model."):
        pairs = {
            "text_model.embeddings.token_embedding.": "text_encoder.token_embedding.",
            "text_model.embeddings.position_embedding.weight": "text_encoder.positional_embedding",
            "text_model.encoder.layers.": "text_encoder.transformer.resblocks.",
            "text_model.final_layer_norm.": "text_encoder.ln_final.",
            "self_attn.q_proj.": "attn.in_proj_",
            "self_attn.out_proj.": "attn.out_proj.",
            "layer_norm": "ln_",
            "mlp.fc1.": "mlp.c_fc.",
            "mlp.fc2.": "mlp.c_proj.",
        }
    else:
        pairs = {
            "vision_model.embeddings.position_embeddings": "img_encoder.pos_embed",
            "vision_model.embeddings.patch_embeddings.projection.": "img_encoder.patch_embed.proj.",
            "vision_model.embeddings.layernorm.": "img_encoder.patch_embed.norm.",
            "vision_model.encoder.stages.": "img_encoder.layers.",
            "vision_model.layernorm.": "img_encoder.norm.",
            ".layers.": ".blocks.",
            "img_encoder.blocks.": "img_encoder.layers.",
            "self_attn.q_proj.": "attn.qkv.",
            "self_attn.out_proj.": "attn.proj.",
            "attn.out_proj.": "attn.proj.",
            "layer_norm": "norm",
        }
    for old, new in pairs.items():
        name = name.replace(old, new)
    return name
