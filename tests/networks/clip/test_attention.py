"""The last block against open_clip's own, and against the formulas of the papers, written out head by head."""

import math

import pytest
import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor

from groupseg.networks.clip.attention import METHODS, attend, neighbourhood, run_block
from groupseg.networks.clip.config import Attention
from tests.networks.clip.tiny import tiny_clip

GRID = (3, 4)


@pytest.fixture(scope="module")
def block() -> torch.nn.Module:
    return tiny_clip().visual.transformer.resblocks[-1]


@pytest.fixture(scope="module")
def tokens() -> Tensor:
    return torch.randn(2, 1 + GRID[0] * GRID[1], 16, generator=torch.Generator().manual_seed(1))


def heads(block: torch.nn.Module, tokens: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Queries, keys and values of each head, [B, N, 8]."""
    normed = block.ln_1(tokens)
    weight, bias = block.attn.in_proj_weight, block.attn.in_proj_bias
    return [
        tuple(normed @ weight[start : start + 8].T + bias[start : start + 8] for start in (head, 16 + head, 32 + head))
        for head in (0, 8)
    ]  # type: ignore[misc]


def project(block: torch.nn.Module, mixed: list[Tensor]) -> Tensor:
    return torch.cat(mixed, dim=2) @ block.attn.out_proj.weight.T + block.attn.out_proj.bias


def softmax(left: Tensor, right: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    return ((left @ right.transpose(1, 2)) / math.sqrt(8) + bias).softmax(dim=2)


def test_plain_is_the_block_of_open_clip(block: torch.nn.Module, tokens: Tensor) -> None:
    torch.testing.assert_close(run_block(block, tokens, GRID, METHODS["plain"]), block(tokens))


@pytest.mark.parametrize("name", list(METHODS))
def test_tokens_that_are_not_wanted_change_nothing(block: torch.nn.Module, tokens: Tensor, name: Attention) -> None:
    for rows in (slice(1), slice(2, 7)):
        some = run_block(block, tokens, GRID, METHODS[name], rows)
        torch.testing.assert_close(some, run_block(block, tokens, GRID, METHODS[name])[:, rows])


def test_any_activation_is_that_of_open_clip(tokens: Tensor) -> None:
    torch.manual_seed(0)
    block = ResidualAttentionBlock(16, 2, ls_init_value=0.5).eval()
    assert isinstance(block.mlp.gelu, torch.nn.GELU)
    torch.testing.assert_close(run_block(block, tokens, GRID), block(tokens))


def test_maskclip_is_the_block_of_open_clip_where_every_token_sees_itself_alone(
    block: torch.nn.Module, tokens: Tensor
) -> None:
    alone = torch.full((13, 13), float("-inf")).fill_diagonal_(0.0)
    torch.testing.assert_close(run_block(block, tokens, GRID, METHODS["maskclip"]), block(tokens, attn_mask=alone))


def test_sclip_adds_up_queries_with_queries_and_keys_with_keys(block: torch.nn.Module, tokens: Tensor) -> None:
    attended = project(block, [(softmax(q, q) + softmax(k, k)) @ v for q, k, v in heads(block, tokens)])
    y = tokens + attended
    torch.testing.assert_close(run_block(block, tokens, GRID, METHODS["sclip"]), y + block.mlp(block.ln_2(y)))


def test_clearclip_is_queries_with_queries_and_nothing_else(block: torch.nn.Module, tokens: Tensor) -> None:
    expected = project(block, [softmax(q, q) @ v for q, _, v in heads(block, tokens)])
    torch.testing.assert_close(run_block(block, tokens, GRID, METHODS["clearclip"]), expected)


def test_naclip_is_keys_with_keys_and_a_gaussian_around_each_patch(block: torch.nn.Module, tokens: Tensor) -> None:
    bias = torch.zeros(13, 13)
    for row, column in ((row, column) for row in range(12) for column in range(12)):
        (y, x), (other_y, other_x) = divmod(row, 4), divmod(column, 4)
        bias[1 + row, 1 + column] = math.exp(-((y - other_y) ** 2 + (x - other_x) ** 2) / (2 * 5.0**2))
    expected = project(block, [softmax(k, k, bias) @ v for _, k, v in heads(block, tokens)])
    torch.testing.assert_close(run_block(block, tokens, GRID, METHODS["naclip"]), expected)
    torch.testing.assert_close(neighbourhood(GRID, 5.0), bias)


@pytest.mark.parametrize("pair", ["qk", "kk", "qq", "kq"])
def test_a_pair_says_what_is_compared_with_what(block: torch.nn.Module, tokens: Tensor, pair: str) -> None:
    method = METHODS["plain"]._replace(pairs=(pair,))
    sides = [dict(zip("qkv", head, strict=True)) for head in heads(block, tokens)]
    expected = project(block, [softmax(side[pair[0]], side[pair[1]]) @ side["v"] for side in sides])
    torch.testing.assert_close(attend(block, block.ln_1(tokens), GRID, method), expected)
