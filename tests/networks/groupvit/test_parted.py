"""Attention in parts, against that of timm."""

import torch
from timm.layers import Attention

from groupseg.networks.groupvit.parted import PartedAttention


def test_it_is_the_attention_of_timm() -> None:
    torch.manual_seed(0)
    attention = Attention(24, num_heads=3, qkv_bias=True).double().eval()
    x = torch.randn(2, 7, 24, dtype=torch.double)
    with torch.inference_mode():
        torch.testing.assert_close(PartedAttention(attention)(x), attention(x))
