"""Published renamings of classes."""

import pytest

from groupseg.datasets.names import class_list
from groupseg.errors import UserError
from groupseg.text.prompts import class_words
from groupseg.text.variants import variants


@pytest.mark.parametrize("name", variants())
def test_every_published_variant_renames_classes_of_the_list_it_is_named_after(name: str) -> None:
    classes = class_list(name.partition(".")[0])
    words = class_words(classes, name)
    assert len(words) == len(classes)
    assert words != list(classes)


def test_variants_say_what_their_methods_publish() -> None:
    voc = dict(zip(class_list("voc"), class_words(class_list("voc"), "voc.groupvit"), strict=True))
    assert {name: word for name, word in voc.items() if word != name} == {
        "diningtable": "table", "pottedplant": "plant", "tvmonitor": "monitor",
    }  # fmt: skip
    assert "ship" in class_words(class_list("voc"), "voc.sclip")
    assert class_words(class_list("context"), "context.groupvit")[0] == "airplane"
    with pytest.raises(UserError, match=r"prompts\.names: there is no variant 'voc'\. Name one of .*voc\.groupvit"):
        class_words(class_list("voc"), "voc")
