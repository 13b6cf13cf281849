"""Compress token vectors to two bits per dimension, for late interaction.

A unit vector is rotated so that its coordinates look like samples of one normal distribution. Each
coordinate is then rounded to the nearest of four evenly spaced levels. The spacing minimises the
error on such samples (Max 1960). The error is 1 % larger than with free levels, but sums over even
levels need no table. A scale makes the product with the vector itself exact. Products with other
vectors have an error of about 0.02, which lowers no measure by more than .001 (eval/LOG.md). 384
dimensions take 96 bytes instead of 1,536.
"""

from functools import lru_cache
from hashlib import shake_256
from math import gcd, isqrt

import numpy as np
from numpy.typing import NDArray

from index.store.vector_codec import quantize
from index.types import Matrix, TokenVectors

_STEP = np.float32(0.9957)
"""Distance of two levels, in standard deviations. Codes 0 to 3 are -1.5, -.5, .5 and 1.5 steps."""

_PLANES = 4
"""Coordinates per byte, two bits each: byte i of w has i, i + w, i + 2 w and i + 3 w."""

DRAW = b"rag token codec"
"""The seed of the random signs: the codec's name, chosen before any measurement. `rag eval
rotation` shows how much other seeds change the measures."""

_AT_ONCE = 2048
"""Vectors to unpack at once for products, so that they fit a core's cache."""


@lru_cache(maxsize=4)
def _rotation(dimension: int) -> tuple[NDArray[np.float32], Matrix, Matrix]:
    """Return signs (d,) and cosine transforms (a, a) and (b, b), a * b = d; always the same."""
    a = next(n for n in range(isqrt(dimension), 0, -1) if dimension % n == 0)
    return random_signs(dimension), _cosines(a), _cosines(dimension // a)


def random_signs(dimension: int, draw: bytes = DRAW) -> NDArray[np.float32]:
    """Return 1 or -1 for each dimension, (d,), from the bits of the SHAKE256 digest of `draw`."""
    digest = np.frombuffer(shake_256(draw).digest(-(-dimension // 8)), np.uint8)
    return 1 - 2 * np.unpackbits(digest)[:dimension].astype(np.float32)


def _cosines(n: int) -> Matrix:
    """Return the orthogonal cosine transform, (n, n)."""
    place = np.arange(n)
    cosines = np.cos(np.pi * (place[:, None] + 0.5) * place / n) * np.sqrt(2 / n)
    cosines[:, 0] /= np.sqrt(2)
    return np.asarray(cosines, dtype=np.float32)


def rotated(vectors: Matrix) -> Matrix:
    """Return the vectors (n, d) rotated, as `expand` returns them; inner products stay the same.

    Multiply by random signs, then apply a cosine transform to the rows and columns of the d
    coordinates in a rectangle. Each result depends on every coordinate, for a tenth of the work of
    a (d, d) matrix.
    """
    n, dimension = vectors.shape
    signs, over_rows, over_columns = _rotation(dimension)
    a, b = len(over_rows), len(over_columns)
    half = ((vectors * signs).reshape(n * a, b) @ over_columns).reshape(n, a, b)
    whole = half.transpose(0, 2, 1).reshape(n * b, a) @ over_rows
    return np.asarray(whole.reshape(n, dimension), dtype=np.float32)


def compress(vectors: Matrix, sentence_of: NDArray[np.int64]) -> TokenVectors:
    """Compress token vectors, and sort them by sentence.

    vectors:     (t, d), unit length
    sentence_of: (t,), the index of each token's sentence
    """
    dimension = vectors.shape[1]
    order = np.argsort(sentence_of, kind="stable")
    turned = rotated(vectors)[order]
    step = _STEP / np.float32(np.sqrt(dimension))
    positive, most = turned > 0, np.abs(turned)
    outer = most > step
    # 0 and 3 are the outer levels, 1 and 2 the inner ones.
    code = 2 * positive.view(np.uint8) + (outer == positive)
    met = step * (0.5 * most.sum(axis=1) + (most * outer).sum(axis=1))
    return TokenVectors(
        codes=_packed(code),
        scales=(1 / np.maximum(met, np.float32(1e-6))).astype(np.float16),
        sentence_of=sentence_of[order].astype(np.uint16),
    )


def _packed(code: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pack four codes per byte: (t, d) to (t, ceil(d / 4))."""
    n, dimension = code.shape
    width = -(-dimension // _PLANES)
    padded = np.zeros((n, _PLANES * width), dtype=np.uint8)
    padded[:, :dimension] = code
    planes = padded.reshape(n, _PLANES, width)
    joined = planes[:, 0] | planes[:, 1] << 2 | planes[:, 2] << 4 | planes[:, 3] << 6
    return np.asarray(joined, dtype=np.uint8)


def _unpacked(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Unpack the codes of each plane of coordinates: (t, w) to (4, t, w)."""
    # Shift and mask up to eight bytes at once, in words whose size divides the row.
    word = np.dtype(f"u{gcd(codes.shape[1], 8)}")
    words = np.ascontiguousarray(codes).view(word)
    mask = np.full(word.itemsize, 3, np.uint8).view(word)[0]
    planes = np.empty((_PLANES, *words.shape), word)
    for number, plane in enumerate(planes):
        np.right_shift(words, word.type(2 * number), out=plane)
        np.bitwise_and(plane, mask, out=plane)
    return planes.view(np.uint8)


def expand(codes: NDArray[np.uint8], scales: NDArray[np.float16], dimension: int) -> Matrix:
    """Return the rotated vectors (t, d) of codes (t, ceil(d / 4)) and scales (t,)."""
    n, width = codes.shape
    code = _unpacked(codes).transpose(1, 0, 2).reshape(n, _PLANES * width)[:, :dimension]
    return (code - np.float32(1.5)) * _steps(scales, dimension)[:, None]


def products(
    queries: Matrix, codes: NDArray[np.uint8], scales: NDArray[np.float16]
) -> NDArray[np.float32]:
    """Return the inner products (q, t) of rotated queries (q, d) with compressed vectors.

    The error is about .0005, because the queries are rounded to eight bits.
    """
    from index.encode.onnx_runtime import integer_products  # slow import, not always needed

    (n, width), (n_queries, dimension) = codes.shape, queries.shape
    rounded = quantize(queries)
    padded = np.zeros((n_queries, _PLANES * width), np.int8)
    padded[:, :dimension] = rounded.codes
    planes = np.ascontiguousarray(padded.reshape(n_queries, _PLANES, width).transpose(1, 2, 0))
    sums = np.empty((n, n_queries), dtype=np.int32)
    for first in range(0, n, _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        integer_products(_unpacked(codes[part]), planes).sum(axis=0, out=sums[part])
    # A level is its code minus 1.5, in steps, in each dimension.
    made = sums.T.astype(np.float32)
    made -= np.float32(1.5) * rounded.codes.sum(axis=1, dtype=np.float32)[:, None]
    made *= rounded.scales[:, None] * _steps(scales, dimension)
    return made


def _steps(scales: NDArray[np.float16], dimension: int) -> NDArray[np.float32]:
    """Return the distance of two levels of each vector, (t,)."""
    return np.asarray(scales.astype(np.float32) * (_STEP / np.float32(np.sqrt(dimension))))
