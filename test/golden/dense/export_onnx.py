"""Exports a BERT encoder from Hugging Face's layout (config.json, model.safetensors, tokenizer.json) to ONNX.

    pip install onnx safetensors
    python test/golden/dense/export_onnx.py FOLDER OUT

Writes OUT/onnx/model.onnx and copies the small files beside it: the layout that @huggingface/transformers reads.
The graph is written out operation by operation, without torch, so that a fresh machine makes it in seconds.

Inputs input_ids, attention_mask, token_type_ids [batch, sequence], int64; output last_hidden_state [batch, sequence, hidden].
"""

import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file


# How the model wants to be used: Hugging Face's files, then those of sentence-transformers.
SMALL_FILES = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "modules.json",
    "1_Pooling/config.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
]


class Graph:
    """Nodes and constants under construction; `add` returns the name of a node's output."""

    def __init__(self):
        self.nodes, self.constants, self.known = [], [], {}

    def add(self, op, *inputs, **attributes):
        output = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def constant(self, value):
        array = np.asarray(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.known:
            self.known[key] = f"constant_{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(array, self.known[key]))
        return self.known[key]


def encoder(config, weights):
    """The graph of a BERT with absolute positions and the exact GELU."""
    assert config["model_type"] == "bert" and config["hidden_act"] == "gelu", "only BERT with GELU is exported"
    graph = Graph()
    heads, hidden = config["num_attention_heads"], config["hidden_size"]

    def weight(name):
        return graph.constant(weights[name])

    def linear(x, name):
        matrix = graph.constant(np.ascontiguousarray(weights[f"{name}.weight"].T))
        return graph.add("Add", graph.add("MatMul", x, matrix), weight(f"{name}.bias"))

    def norm(x, name):
        epsilon = config["layer_norm_eps"]
        return graph.add("LayerNormalization", x, weight(f"{name}.weight"), weight(f"{name}.bias"), epsilon=epsilon)

    def split_heads(x, order):
        shape = graph.constant(np.array([0, 0, heads, hidden // heads], np.int64))
        return graph.add("Transpose", graph.add("Reshape", x, shape), perm=order)

    def attention(x, mask, name):
        query = split_heads(linear(x, f"{name}.self.query"), [0, 2, 1, 3])
        key = split_heads(linear(x, f"{name}.self.key"), [0, 2, 3, 1])
        value = split_heads(linear(x, f"{name}.self.value"), [0, 2, 1, 3])
        scale = graph.constant(np.float32(1 / math.sqrt(hidden // heads)))
        scores = graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), scale), mask)
        mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
        joined = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
        joined = graph.add("Reshape", joined, graph.constant(np.array([0, 0, hidden], np.int64)))
        return linear(joined, f"{name}.output.dense")

    def gelu(x):
        error = graph.add("Erf", graph.add("Div", x, graph.constant(np.float32(math.sqrt(2)))))
        return graph.add(
            "Mul",
            graph.add("Mul", x, graph.add("Add", error, graph.constant(np.float32(1)))),
            graph.constant(np.float32(0.5)),
        )

    # [1, sequence, hidden]: the first rows of the table of positions.
    length = graph.add("Shape", "input_ids", start=1, end=2)
    positions = graph.add(
        "Slice", weight("embeddings.position_embeddings.weight"), graph.constant(np.array([0], np.int64)), length
    )
    words = graph.add("Gather", weight("embeddings.word_embeddings.weight"), "input_ids")
    types = graph.add("Gather", weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
    x = norm(graph.add("Add", graph.add("Add", words, types), positions), "embeddings.LayerNorm")

    # [batch, 1, 1, sequence]: 0 for tokens, the lowest number for padding.
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = graph.add("Unsqueeze", mask, graph.constant(np.array([1, 2], np.int64)))
    mask = graph.add("Sub", graph.constant(np.float32(1)), mask)
    mask = graph.add("Mul", mask, graph.constant(np.finfo(np.float32).min))

    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        x = norm(graph.add("Add", attention(x, mask, f"{name}.attention"), x), f"{name}.attention.output.LayerNorm")
        wide = gelu(linear(x, f"{name}.intermediate.dense"))
        x = norm(graph.add("Add", linear(wide, f"{name}.output.dense"), x), f"{name}.output.LayerNorm")

    graph.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", hidden])
    return helper.make_graph(graph.nodes, "bert", inputs, [output], graph.constants)


def export(folder, out):
    folder, out = Path(folder), Path(out)
    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(encoder(config, weights), opset_imports=opset, ir_version=8, producer_name="export_onnx.py")
    onnx.checker.check_model(model)
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save(model, out / "onnx" / "model.onnx")
    for name in SMALL_FILES:
        if (folder / name).exists():
            (out / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / name, out / name)


if __name__ == "__main__":
    export(*sys.argv[1:])
