"""Optimise, quantize and run ONNX graphs. Only this module imports onnx and onnxruntime.

A graph reads the ids of one text, (1, t), without padding and so without a mask. On two cores, two
texts in two threads are faster than both in one batch, and the result for a text never depends on
other texts (eval/LOG.md).
"""

import logging
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.fingerprint import Precision
from index.types import Matrix, Vector

# onnxruntime reads this on import. Without it, releases from 1.29 on store an identifier of the
# machine and send the models in use to their vendor.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

VERSION: str = onnxruntime.__version__

_TOO_SLOW = ["SkipLayerNormFusion", "EmbedLayerNormFusion"]
"""Fusions four times slower than the unfused nodes: their normalisation is not vectorised."""

_ERRORS_ONLY = 3


# The serialised graph c = MatMulInteger(a, b). Building it needs the library onnx, whose import
# takes longer than a search.
_INTEGER_PRODUCTS = bytes.fromhex(
    "08083a710a180a01610a0162120163220d4d61744d756c496e74656765721201705a1a0a016112150a13080212"
    "0f0a031201700a0312016e0a031201645a1a0a016212150a130803120f0a031201700a031201640a0312017462"
    "1a0a016312150a130806120f0a031201700a0312016e0a0312017442040a001010"
)


class GraphOutput(NamedTuple):
    """tokens: (t, d). vector: (d,), pooled. Neither has unit length unless the model normalises."""

    tokens: Matrix
    vector: Vector


class Graph:
    """A graph in a file. It runs in the calling thread; many threads can call it at the same time.

    Raises onnxruntime's errors if the file is no graph.
    """

    def __init__(self, path: Path) -> None:
        options = _as_made()
        # Without an arena, the longest text bounds the memory, not all text lengths so far.
        options.enable_cpu_mem_arena = False
        self._session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def run(self, ids: NDArray[np.int64]) -> GraphOutput:
        """Run the graph. ids: (t,), special tokens included."""
        tokens, vector = self._session.run(["tokens", "vector"], {"input_ids": ids[None, :]})
        return GraphOutput(tokens[0], vector[0])


class PairGraph:
    """A graph of two texts in a file: from their ids and types to logits.

    It runs in the calling thread; many threads can call it at the same time.

    Raises onnxruntime's errors if the file is no graph.
    """

    def __init__(self, path: Path) -> None:
        options = _as_made()
        options.enable_cpu_mem_arena = False
        self._session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._takes_types = len(self._session.get_inputs()) > 1

    def run(self, ids: NDArray[np.int64], types: NDArray[np.int64]) -> NDArray[np.float32]:
        """Run the graph, and return its logits without the dimension of the batch.

        ids, types: (t,), special tokens included. Models without types ignore them.
        """
        inputs = {"input_ids": ids[None, :]}
        if self._takes_types:
            inputs["token_type_ids"] = types[None, :]
        logits: NDArray[np.float32] = self._session.run(["logits"], inputs)[0][0]
        return logits


def integer_products(a: NDArray[np.uint8], b: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return the matrix products of (p, n, d) and (p, d, t), in a quarter of numpy's float time.

    No number may be above 127: processors with AVX2 but without VNNI add two products in 16 bits.
    """
    made: NDArray[np.int32] = _integer_products().run(["c"], {"a": a, "b": b})[0]
    return made


@lru_cache(maxsize=1)
def _integer_products() -> Any:
    return onnxruntime.InferenceSession(
        _INTEGER_PRODUCTS, _as_made(), providers=["CPUExecutionProvider"]
    )


def optimise(source: Path, target: Path, precision: Precision, *, exact: bool = False) -> None:
    """Write the graph of `source` to `target`, with fused nodes and in this precision.

    int8: the weights of matrix products have 8 bits and one scale per column; activations are
    quantized to 8 bits at run time, per text; embeddings have 8 bits. On processors with AVX2 or
    AVX-512 but without VNNI, sums of such products overflow unless `exact`, which doubles the time.
    """
    if precision == "int8":
        quantized = target.with_suffix(".quantized")
        _quantize(source, quantized)
        source = quantized
    options = _options()
    options.add_session_config_entry("session.x64quantprecision", str(int(exact)))
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(
        str(source), options, providers=["CPUExecutionProvider"], disabled_optimizers=_TOO_SLOW
    )
    if precision == "int8":
        source.unlink()


def _as_made() -> Any:
    """Return the options for a graph that is already optimised.

    One thread: a second saves 0.1 of 1.4 ms per query but spins a core.
    """
    options = _options()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    return options


def _quantize(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # It logs advice to preprocess on the root logger. The graph has shapes, so this is not needed.
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={
                "MatMulConstBOnly": True,
                "DefaultTensorType": onnx.TensorProto.FLOAT,
            },
        )
    finally:
        logging.disable(logging.NOTSET)
