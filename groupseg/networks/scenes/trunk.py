"""A small convolutional trunk: it learns from few images what a patch embedding learns from millions."""

from torch import Tensor, nn
from torch.nn import functional as F


class MatrixConv(nn.Module):
    """A convolution without bias; its weight is a matrix [out, in * k * k], as the Muon optimiser wants it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        reference = nn.Conv2d(inputs, outputs, kernel, bias=False)
        self.shape, self.stride, self.padding = reference.weight.shape, stride, kernel // 2
        self.weight = nn.Parameter(reference.weight.detach().flatten(1).clone())

    def forward(self, x: Tensor) -> Tensor:
        """Convolves float [B, inputs, H, W] to [B, outputs, H / stride, W / stride]."""
        return F.conv2d(x, self.weight.view(self.shape), stride=self.stride, padding=self.padding)


class Residual(nn.Module):
    """Two pre-activated 3x3 convolutions around a shortcut (arXiv 1603.05027)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(width), nn.GELU(), MatrixConv(width, width, 3),
            nn.BatchNorm2d(width), nn.GELU(), MatrixConv(width, width, 3),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape of x, float [B, width, H, W]."""
        body: Tensor = self.body(x)
        return x + body


class ConvTrunk(nn.Sequential):
    """From an image, float [B, 3, H, W], to local features, float [B, dim, H / 8, W / 8]."""

    def __init__(self, dim: int) -> None:
        quarter, half = dim // 4, dim // 2
        super().__init__(
            MatrixConv(3, quarter, 5, stride=2), nn.BatchNorm2d(quarter), nn.GELU(),
            MatrixConv(quarter, half, 3, stride=2), Residual(half),
            MatrixConv(half, dim, 3, stride=2), Residual(dim), nn.BatchNorm2d(dim),
        )  # fmt: skip
