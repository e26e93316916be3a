"""The weights that a training starts from."""

from timm.layers import trunc_normal_
from torch import nn

from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.model import GroupViT, TextTower


def new_model(architecture: GroupViTArchitecture, drop_path: float) -> GroupViT:
    """Makes a model with the random weights that the released code starts from; draws from torch's global generator.

    Args:
        architecture: Its shape.
        drop_path: See `GroupViTRecipe`.
    """
    model = GroupViT(architecture, drop_path)
    # models/group_vit.py there: the convolution over patches alone is left as torch makes it.
    for module in model.img_encoder.modules():
        if isinstance(module, nn.Linear):
            trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
    trunc_normal_(model.img_encoder.pos_embed, std=0.02)
    # Those of later stages start at 0: the tokens of the stage before come to them.
    trunc_normal_(model.img_encoder.layers[0].group_token, std=0.02)
    _start_text(model.text_encoder)
    return model


def _start_text(tower: TextTower) -> None:
    """Draws the weights of the text tower as CLIP does (models/transformer.py of the released code)."""
    width, depth = tower.transformer.width, tower.transformer.layers
    nn.init.normal_(tower.token_embedding.weight, std=0.02)
    nn.init.normal_(tower.positional_embedding, std=0.01)
    for block in tower.transformer.resblocks:
        nn.init.normal_(block.attn.in_proj_weight, std=width**-0.5)
        nn.init.normal_(block.attn.out_proj.weight, std=(2 * depth * width) ** -0.5)
        nn.init.normal_(block.mlp.c_fc.weight, std=(2 * width) ** -0.5)
        nn.init.normal_(block.mlp.c_proj.weight, std=(2 * depth * width) ** -0.5)
