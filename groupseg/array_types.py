"""Types of the arrays that go through many modules; shapes are said where they are used."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
Labels = NDArray[np.int32]  # 0 = background, c = entry c - 1 of the class list
Pixels = NDArray[np.uint8]  # of pictures, RGB
