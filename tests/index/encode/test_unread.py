"""A question of characters outside the vocabulary has no vector and no matching token."""

import numpy as np
import pytest

from index.protocols import Embedder


@pytest.mark.parametrize("query", ["🚀", "ร้านเปิดกี่โมง", "ምን ያህል ነው", "港口是什么时候重建的？"])
def test_characters_outside_the_vocabulary_have_neither_vector_nor_tokens(
    embedder: Embedder, query: str
) -> None:
    encoding = embedder.encode_query(query)
    assert not encoding.vector.any()
    assert (len(encoding.token_vectors), encoding.offsets) == (0, ())
    assert encoding.unread >= 0.5


def test_one_unknown_character_among_words_is_omitted(embedder: Embedder) -> None:
    query = "launch 🚀 date"
    encoding = embedder.encode_query(query)
    assert [query[start:end] for start, end in encoding.offsets] == ["launch", "date"]
    assert len(encoding.token_vectors) == 2
    assert encoding.vector @ encoding.vector == pytest.approx(1, abs=1e-5)
    assert encoding.unread == pytest.approx(1 / 11, abs=1e-6)


@pytest.mark.parametrize("query", ["When was it rebuilt?", "λιμάνι 1931", "Où sont les élèves ?"])
def test_known_characters_are_all_read(embedder: Embedder, query: str) -> None:
    encoding = embedder.encode_query(query)
    assert encoding.unread == 0
    assert np.any(encoding.vector)
