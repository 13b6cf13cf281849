"""ONNX graphs: optimised, quantized and run; the one module that imports onnx and onnxruntime.

A graph takes the ids of one text, (1, t), without padding and so without a mask: on two cores two
texts at once, each alone in one thread, go faster than the two of them in one batch, and what a
text gets never depends on what it was batched with (eval/LOG.md).
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

# Read when onnxruntime is imported: without it, releases from 1.29 on keep an identifier of the
# machine and send what models are run to their maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

VERSION: str = onnxruntime.__version__

_TOO_SLOW = ["SkipLayerNormFusion", "EmbedLayerNormFusion"]
"""Fusions that take four times as long as what they fuse: their normalisation is not vectorised."""

_ERRORS_ONLY = 3


# The graph c = MatMulInteger(a, b). Written out: to make it takes the library onnx, whose import
# takes longer than a search.
_INTEGER_PRODUCTS = bytes.fromhex(
    "08083a710a180a01610a0162120163220d4d61744d756c496e74656765721201705a1a0a016112150a13080212"
    "0f0a031201700a0312016e0a031201645a1a0a016212150a130803120f0a031201700a031201640a0312017462"
    "1a0a016312150a130806120f0a031201700a0312016e0a0312017442040a001010"
)


class GraphOutput(NamedTuple):
    """tokens: (t, d). vector: (d,), pooled; neither is of unit length unless the model says so."""

    tokens: Matrix
    vector: Vector


class Graph:
    """A graph in a file, ready to run, each time in the thread that calls; many may, at once.

    Raises what onnxruntime raises if the file is no graph.
    """

    def __init__(self, path: Path) -> None:
        options = _as_made()
        # Without an arena, memory is bounded by the longest text and not by all lengths so far.
        options.enable_cpu_mem_arena = False
        self._session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def run(self, ids: NDArray[np.int64]) -> GraphOutput:
        """ids: (t,), special tokens included."""
        tokens, vector = self._session.run(["tokens", "vector"], {"input_ids": ids[None, :]})
        return GraphOutput(tokens[0], vector[0])


def integer_products(a: NDArray[np.uint8], b: NDArray[np.int8]) -> NDArray[np.int32]:
    """The products of (p, n, d) and (p, d, t), a quarter of the time that numpy takes in floats.

    No number of either may be above 127: processors with AVX2 and no VNNI add two products in
    sixteen bits.
    """
    made: NDArray[np.int32] = _integer_products().run(["c"], {"a": a, "b": b})[0]
    return made


@lru_cache(maxsize=1)
def _integer_products() -> Any:
    return onnxruntime.InferenceSession(
        _INTEGER_PRODUCTS, _as_made(), providers=["CPUExecutionProvider"]
    )


def optimise(source: Path, target: Path, precision: Precision, *, exact: bool = False) -> None:
    """Write the graph of `source` to `target`, fused and in that precision.

    int8: weights of matrix products in eight bits, a scale a column; activations as they come, in
    eight bits a text; embeddings in eight bits. On processors with AVX2 or AVX-512 but without VNNI
    sums of such products overflow, unless they are to be `exact`, which takes twice the time.
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
    """Options for a graph that was optimised when it was made, in one thread: a second one gains
    a query .1 ms of 1.4, and keeps a core busy waiting for the next."""
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

    # It advises a preparation that shapes in the graph make needless, on the root logger.
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
