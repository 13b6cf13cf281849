"""Token vectors in two bits a dimension, for late interaction.

A unit vector is rotated so that its coordinates look like draws of one normal distribution, and
each is replaced by the nearest of the four levels that lose least on such draws (Max 1960,
Lloyd 1982). A scale makes the product with the vector itself exact. Products with other vectors
are off by about 0.02, which costs no measure more than .001 (eval/LOG.md), at 96 bytes for 384
dimensions in place of 1,536.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.types import Matrix, TokenVectors

_LEVELS = np.array([-1.510, -0.4528, 0.4528, 1.510], dtype=np.float32)
_EDGES = (_LEVELS[1:] + _LEVELS[:-1]) / 2
_IN_A_BYTE = 4


@lru_cache(maxsize=4)
def _rotation(dimension: int) -> NDArray[np.float32]:
    """An orthogonal (d, d) matrix, the same everywhere: signs, then a cosine transform, twice."""
    n = np.arange(dimension)
    cosines = np.cos(np.pi * (n[:, None] + 0.5) * n[None, :] / dimension) * np.sqrt(2 / dimension)
    cosines[:, 0] /= np.sqrt(2)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(2, dimension))
    return np.asarray((signs[0][:, None] * cosines * signs[1]) @ cosines, dtype=np.float32)


@lru_cache(maxsize=4)
def _decoded(dimension: int) -> NDArray[np.float32]:
    """The four levels that each byte stands for, (256, 4), scaled to the dimension."""
    byte = np.arange(256)[:, None] >> np.arange(0, 8, 2)[None, :] & 3
    return np.asarray(_LEVELS[byte] / np.sqrt(dimension), dtype=np.float32)


def rotated(vectors: Matrix) -> Matrix:
    """Query vectors (n, d) in the space of `expand`; inner products are kept."""
    return np.asarray(vectors @ _rotation(vectors.shape[1]), dtype=np.float32)


def compress(vectors: Matrix, sentence_of: NDArray[np.int64]) -> TokenVectors:
    """Token vectors (t, d) of unit length, with the index of each token's sentence (t,).

    They come out in the order of their sentences.
    """
    n, dimension = vectors.shape
    order = np.argsort(sentence_of, kind="stable")
    turned = rotated(vectors[order])
    level = np.searchsorted(_EDGES, turned * np.float32(np.sqrt(dimension))).astype(np.uint8)
    coded = _LEVELS[level] / np.float32(np.sqrt(dimension))
    scales = 1 / np.maximum((coded * turned).sum(axis=1), np.float32(1e-6))
    width = -(-dimension // _IN_A_BYTE)
    padded = np.zeros((n, width * _IN_A_BYTE), dtype=np.uint8)
    padded[:, :dimension] = level
    padded = padded.reshape(n, width, _IN_A_BYTE)
    codes = np.bitwise_or.reduce(padded << np.arange(0, 8, 2, dtype=np.uint8), axis=2)
    return TokenVectors(
        codes=codes,
        scales=scales.astype(np.float16),
        sentence_of=sentence_of[order].astype(np.uint16),
    )


def expand(codes: NDArray[np.uint8], scales: NDArray[np.float16], dimension: int) -> Matrix:
    """The vectors (t, d) that codes (t, ceil(d / 4)) and scales (t,) stand for, rotated."""
    n, width = codes.shape
    levels = np.take(_decoded(dimension), codes, axis=0).reshape(n, width * _IN_A_BYTE)
    levels = levels[:, :dimension]
    return np.asarray(levels * scales.astype(np.float32)[:, None], dtype=np.float32)
