"""A small ONNX model that another's file has to take up whole: branches that see values around them and have weights of their
own, an input left out, a function, names that others use too. And what it gives of some numbers, by onnx's reference
evaluator. Written with onnx 1.23.2."""
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FLOAT = TensorProto.FLOAT


def weight(name, *values):
    return numpy_helper.from_array(np.array(values, np.float32), name)


def branch(name, operator):
    """v2 = pixel_values ∘ v1: a value of the graph around it, and a weight of its own."""
    return helper.make_graph(
        [helper.make_node(operator, ["pixel_values", "v1"], ["v2"])],
        name,
        [],
        [helper.make_tensor_value_info("v2", FLOAT, None)],
        [weight("v1", 0.5, -2, 3)],
    )


nodes = [
    # Without a lower limit.
    helper.make_node("Clip", ["x", "", "most"], ["pixel_values"]),
    helper.make_node("ReduceMean", ["pixel_values"], ["mean"], axes=[0, 1], keepdims=0),
    helper.make_node("Greater", ["mean", "zero"], ["isPositive"]),
    helper.make_node(
        "If", ["isPositive"], ["v0"], then_branch=branch("then", "Mul"), else_branch=branch("else", "Sub")
    ),
    helper.make_node("Twice", ["v0"], ["doubled"], domain="own"),
    helper.make_node("Add", ["doubled", "logits"], ["y"]),
]
twice = helper.make_function(
    "own", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 17)]
)
model = helper.make_model(
    helper.make_graph(
        nodes,
        "joined",
        [helper.make_tensor_value_info("x", FLOAT, ["rows", 3])],
        [helper.make_tensor_value_info("y", FLOAT, ["rows", 3])],
        [weight("logits", 1, 2, 3), numpy_helper.from_array(np.float32(2), "most"),
         numpy_helper.from_array(np.float32(0), "zero")],
        value_info=[helper.make_tensor_value_info("mean", FLOAT, [])],
    ),
    opset_imports=[helper.make_opsetid("own", 1), helper.make_opsetid("", 17)],
    functions=[twice],
    ir_version=8,
)
onnx.checker.check_model(model, full_check=True)
evaluator = ReferenceEvaluator(model)
fixtures = Path(__file__).parent.parent / "fixtures"
onnx.save(model, fixtures / "joined-model.onnx")
cases = [{"x": x, "y": evaluator.run(None, {"x": np.array(x, np.float32)})[0].tolist()}
         for x in ([[1, 2, 3]], [[-1, -2, 3], [0.5, -4, 1]])]
(fixtures / "joined-model.json").write_text(json.dumps(cases) + "\n")
