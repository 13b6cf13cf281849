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

from index.quantized import quantize
from index.types import Matrix, TokenVectors

_OFFSET = 64
_CODED = np.array([1, 45, 83, 127], dtype=np.uint8)
"""The levels as whole numbers, plus 64: -63, -19, 19, 63. As index.runtime.integer_products has it,
none is above 127."""
_UNIT = 1.510 / 63
_LEVELS = (_CODED.astype(np.float32) - _OFFSET) * np.float32(_UNIT)
_EDGES = (_LEVELS[1:] + _LEVELS[:-1]) / 2
_IN_A_BYTE = 4
_AT_ONCE = 2048
"""Vectors that are expanded for products: what they take stays in a core's own cache."""


@lru_cache(maxsize=4)
def _rotation(dimension: int) -> NDArray[np.float32]:
    """An orthogonal (d, d) matrix, the same everywhere: signs, then a cosine transform, twice."""
    n = np.arange(dimension)
    cosines = np.cos(np.pi * (n[:, None] + 0.5) * n[None, :] / dimension) * np.sqrt(2 / dimension)
    cosines[:, 0] /= np.sqrt(2)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(2, dimension))
    return np.asarray((signs[0][:, None] * cosines * signs[1]) @ cosines, dtype=np.float32)


@lru_cache(maxsize=1)
def _decoded() -> NDArray[np.uint64]:
    """The eight levels that each two bytes stand for, each in a byte of one number, (65536,)."""
    code = np.arange(1 << 8)[:, None] >> np.arange(0, 8, 2)[None, :] & 3
    fours = _CODED[code].view("<u4").reshape(-1).astype("<u8")
    return np.asarray(fours[:, None] << 32 | fours[None, :], dtype="<u8").reshape(-1)


def rotated(vectors: Matrix) -> Matrix:
    """Query vectors (n, d) in the space of `expand`; inner products are kept."""
    return np.asarray(vectors @ _rotation(vectors.shape[1]), dtype=np.float32)


def compress(vectors: Matrix, sentence_of: NDArray[np.int64]) -> TokenVectors:
    """Token vectors (t, d) of unit length, with the index of each token's sentence (t,).

    They come out in the order of their sentences.
    """
    dimension = vectors.shape[1]
    order = np.argsort(sentence_of, kind="stable")
    turned = rotated(vectors)[order]
    # The levels of both signs are the same: a large one, a small one.
    positive, most = turned > 0, np.abs(turned)
    large = most > _EDGES[2] / np.float32(np.sqrt(dimension))
    level = 2 * positive.view(np.uint8) + (large == positive)
    met = _LEVELS[2] * most.sum(axis=1) + (_LEVELS[3] - _LEVELS[2]) * (most * large).sum(axis=1)
    met /= np.float32(np.sqrt(dimension))
    return TokenVectors(
        codes=_packed(level),
        scales=(1 / np.maximum(met, np.float32(1e-6))).astype(np.float16),
        sentence_of=sentence_of[order].astype(np.uint16),
    )


def _packed(level: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Four levels a byte, the first in its lowest bits: (t, d) to (t, ceil(d / 4))."""
    n, dimension = level.shape
    width = -(-dimension // _IN_A_BYTE)
    padded = np.zeros((n, width * _IN_A_BYTE), dtype=np.uint8)
    padded[:, :dimension] = level
    fours = padded.view("<u4")
    return np.asarray(fours | fours >> 6 | fours >> 12 | fours >> 18, dtype=np.uint8)


def expand(codes: NDArray[np.uint8], scales: NDArray[np.float16], dimension: int) -> Matrix:
    """The vectors (t, d) that codes (t, ceil(d / 4)) and scales (t,) stand for, rotated."""
    levels = _coded(codes, dimension).astype(np.float32) - _OFFSET
    return levels * _lengths(scales, dimension)[:, None]


def products(
    queries: Matrix, codes: NDArray[np.uint8], scales: NDArray[np.float16]
) -> NDArray[np.float32]:
    """Inner products of rotated queries (q, d) with what codes and scales stand for, (q, t), off by
    some .0005: the queries are rounded to eight bits."""
    from index.runtime import integer_products  # slow to import, and not always needed

    n, dimension = len(codes), queries.shape[1]
    rounded = quantize(queries)
    columns = np.ascontiguousarray(rounded.codes.T)
    # (t, q); what the levels' offset adds is the same for all rows of a column.
    plain = np.empty((n, len(queries)), dtype=np.int32)
    for first in range(0, n, _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        plain[part] = integer_products(_coded(codes[part], dimension), columns)
    plain -= _OFFSET * columns.sum(axis=0, dtype=np.int32)
    lengths = rounded.scales[:, None] * _lengths(scales, dimension)
    made: NDArray[np.float32] = np.multiply(plain.T, lengths, dtype=np.float32, casting="unsafe")
    return made


def _coded(codes: NDArray[np.uint8], dimension: int) -> NDArray[np.uint8]:
    """The codes' levels as in _CODED, (t, d)."""
    pairs = codes if codes.shape[1] % 2 == 0 else np.pad(codes, ((0, 0), (0, 1)))
    coded = np.take(_decoded(), np.ascontiguousarray(pairs).view("<u2"))
    return np.ascontiguousarray(coded.view(np.uint8)[:, :dimension])


def _lengths(scales: NDArray[np.float16], dimension: int) -> NDArray[np.float32]:
    """What each row of levels is multiplied with, (t,)."""
    return np.asarray(scales.astype(np.float32) * np.float32(_UNIT / np.sqrt(dimension)))
