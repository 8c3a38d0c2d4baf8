"""Fixtures for the tensor operators: values and autograd gradients of PyTorch in float64.

A case is one call of one operator. Its loss is the sum of every result times fixed random weights, so that
each element of each result has its own influence on each gradient.
"""
import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(0)
cases = {}


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{float(v):.15g}") for v in tensor.detach().flatten()]}


def case(operator, title, function, **inputs):
    """Floating inputs get gradients; integer and boolean ones are data."""
    for value in inputs.values():
        if value.is_floating_point():
            value.requires_grad_(True)
    results = function(**inputs)
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    weights = [normal(*result.shape) for result in results]
    pairs = [(r, w) for r, w in zip(results, weights) if r.is_floating_point() and r.requires_grad]
    wanted = [value for value in inputs.values() if value.requires_grad]
    loss = sum(((r * w).sum() for r, w in pairs), torch.zeros((), dtype=torch.float64))
    if pairs:
        gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
    else:
        gradients = [None] * len(wanted)
    flow = iter(gradients)
    described = {}
    for name, value in inputs.items():
        described[name] = {"dtype": str(value.dtype).removeprefix("torch."), **numbers(value)}
        if value.requires_grad:
            gradient = next(flow)
            described[name]["gradient"] = numbers(torch.zeros_like(value) if gradient is None else gradient)["values"]
    cases.setdefault(operator, {})[title] = {
        "inputs": described,
        "results": [{**numbers(r), "weights": numbers(w)["values"]} for r, w in zip(results, weights)],
    }


def normal(*shape):
    """Rounded, so that the file stays small and the numbers are the same in every element type that reads them."""
    return torch.round(torch.randn(shape, dtype=torch.float64) * 1000) / 1000


def positive(*shape):
    return normal(*shape).abs() + 0.25


def apart(*shape):
    """Distinct values, in steps of 1/4 beside 0: central differences cross no tie and no kink."""
    count = int(torch.tensor(shape).prod())
    return ((torch.randperm(count) - count // 2).double() / 4 + 0.1).reshape(shape)


def integers(*rows):
    return torch.tensor(rows, dtype=torch.int32)


# Elementwise, two operands
for operator, function, right in [
    ("add", torch.add, normal),
    ("sub", torch.sub, normal),
    ("mul", torch.mul, normal),
    ("div", torch.div, positive),
]:
    case(operator, "same shape", lambda a, b, f=function: f(a, b), a=normal(2, 3), b=right(2, 3))
    case(operator, "both broadcast", lambda a, b, f=function: f(a, b), a=normal(2, 1, 3), b=right(4, 1))
    case(operator, "scalar left", lambda a, b, f=function: f(a, b), a=normal(), b=right(2, 3))
    case(operator, "number right", lambda a, f=function: f(a, torch.tensor(2.5, dtype=torch.float64)), a=normal(2, 3))
    case(operator, "number left", lambda a, f=function: f(torch.tensor(2.5, dtype=torch.float64), a), a=right(2, 3))
for operator, function in [("maximum", torch.maximum), ("minimum", torch.minimum)]:
    # The shift keeps the operands at least .1 apart.
    case(operator, "same shape", lambda a, b, f=function: f(a, b), a=apart(2, 3), b=apart(2, 3) + 0.1)
    case(operator, "both broadcast", lambda a, b, f=function: f(a, b), a=apart(2, 1, 3), b=apart(4, 1) + 0.1)
    case(operator, "number right", lambda a, f=function: f(a, torch.tensor(0.3, dtype=torch.float64)), a=apart(2, 3))
for operator, function in [("greater", torch.gt), ("less", torch.lt)]:
    case(operator, "same shape", lambda a, b, f=function: f(a, b), a=normal(2, 3), b=normal(2, 3))
    case(operator, "both broadcast", lambda a, b, f=function: f(a, b), a=normal(2, 1, 3), b=normal(4, 1))
case("equal", "integers, broadcast", lambda a, b: a == b, a=integers([0, 1, 2], [2, 1, 0]), b=integers([1], [2]))
case("equal", "floats", lambda a, b: a == b, a=torch.tensor([0.5, 1, 2]).double(), b=torch.tensor([0.5, 1.5, 2]).double())

# Elementwise, one operand
for operator, function, values in [
    ("neg", torch.neg, normal),
    ("exp", torch.exp, normal),
    ("log", torch.log, positive),
    ("sqrt", torch.sqrt, positive),
    ("reciprocal", torch.reciprocal, lambda *s: positive(*s) * apart(*s).sign()),
    ("tanh", torch.tanh, normal),
    ("sigmoid", torch.sigmoid, normal),
    ("relu", torch.relu, apart),
    ("abs", torch.abs, apart),
    ("sign", torch.sign, apart),
    ("floor", torch.floor, apart),
    ("erf", torch.erf, normal),
    ("gelu", F.gelu, lambda *s: normal(*s) * 2),
]:
    case(operator, "matrix", lambda x, f=function: f(x), x=values(3, 4))
case("sigmoid", "large arguments", lambda x: torch.sigmoid(x), x=torch.tensor([-40.0, -9, 9, 40]).double())
case("gelu", "tails", lambda x: F.gelu(x), x=torch.tensor([-6.0, -3, 0, 3, 6]).double())
case("clamp", "inside, below and above", lambda x: torch.clamp(x, -0.5, 0.5), x=apart(3, 4))
mask = torch.tensor([[True, False, True], [False, False, True]])
case("where", "same shape", lambda c, a, b: torch.where(c, a, b), c=mask, a=normal(2, 3), b=normal(2, 3))
case("where", "all broadcast", lambda c, a, b: torch.where(c, a, b), c=mask, a=normal(4, 1, 1), b=normal(3))
case("where", "number right", lambda c, a: torch.where(c, a, -1.5), c=mask, a=normal(2, 3))
case("cast", "to float32 and back", lambda x: x.float().double(), x=normal(2, 3))
case("cast", "to integers, towards 0", lambda x: x.int(), x=apart(2, 3))
case("cast", "from booleans", lambda c: c.double(), c=mask)
case("cast", "from integers", lambda i: i.double(), i=integers([0, -1, 2]))

# Shape
case("reshape", "split and join axes", lambda x: x.reshape(3, 2, 2), x=normal(2, 6))
case("reshape", "to a scalar", lambda x: x.reshape(()), x=normal(1, 1))
case("transpose", "three axes in a cycle", lambda x: x.permute(1, 2, 0), x=normal(2, 3, 4))
case("transpose", "four axes", lambda x: x.permute(0, 2, 1, 3), x=normal(2, 3, 2, 2))
case("transposeLast", "batch of matrices", lambda x: x.transpose(-1, -2), x=normal(2, 3, 4))
case("sum", "all axes", lambda x: x.sum(), x=normal(2, 3, 2))
case("sum", "negative axis", lambda x: x.sum(-2), x=normal(2, 3, 2))
case("sum", "two axes kept", lambda x: x.sum((0, -1), keepdim=True), x=normal(2, 3, 2))
case("expand", "size 1 and a new axis", lambda x: x.expand(4, 2, 3), x=normal(2, 1))
case("expand", "scalar", lambda x: x.expand(2, 2), x=normal())
case("reduceTo", "a lead axis and a kept one", lambda x: x.sum(0).sum(1, keepdim=True), x=normal(4, 2, 3))
case("reduceTo", "to a scalar", lambda x: x.sum(), x=normal(2, 3))
case("concat", "first axis", lambda a, b: torch.cat([a, b], 0), a=normal(2, 3), b=normal(1, 3))
case("concat", "negative axis, three parts", lambda a, b, c: torch.cat([a, b, c], -1), a=normal(2, 1), b=normal(2, 3), c=normal(2, 2))
case("split", "all parts used", lambda x: torch.split(x, [1, 3, 2], -1), x=normal(2, 6))
case("split", "one part used", lambda x: torch.split(x, [1, 2], 0)[1], x=normal(3, 2))
case("slice", "middle", lambda x: x[:, 1:3], x=normal(2, 4, 2))
case("slice", "start", lambda x: x[:2], x=normal(3, 2))
case("slice", "negative axis, end", lambda x: x[..., 2:4], x=normal(2, 4))
case("zeros", "two axes", lambda: torch.zeros(2, 3, dtype=torch.float64))

# Products
for title, a, b in [
    ("matrices", normal(2, 3), normal(3, 4)),
    ("batch by a shared matrix", normal(2, 2, 3), normal(3, 4)),
    ("shared matrix by a batch", normal(2, 3), normal(2, 3, 2)),
    ("two batches", normal(2, 2, 3), normal(2, 3, 2)),
    ("leading axes broadcast", normal(2, 1, 2, 3), normal(3, 3, 2)),
    ("one-row matrix", normal(1, 3), normal(3, 1)),
]:
    case("matmul", title, lambda a, b: a @ b, a=a, b=b)
case("matmulTransposed", "linear layer", lambda x, weight: F.linear(x, weight), x=normal(2, 2, 3), weight=normal(4, 3))

# Reductions
case("mean", "all axes", lambda x: x.mean(), x=normal(2, 3))
case("mean", "negative axis kept", lambda x: x.mean(-1, keepdim=True), x=normal(2, 3, 2))
case("variance", "last axis", lambda x: x.var(-1, correction=0), x=normal(3, 4))
case("variance", "two axes kept", lambda x: x.var((0, 2), correction=0, keepdim=True), x=normal(2, 3, 2))
for operator, function in [("max", torch.amax), ("min", torch.amin)]:
    case(operator, "first axis", lambda x, f=function: f(x, 0), x=apart(3, 4))
    case(operator, "negative axis kept", lambda x, f=function: f(x, -1, keepdim=True), x=apart(2, 2, 3))

# Normalisation
case("softmax", "last axis", lambda x: x.softmax(-1), x=normal(2, 3, 4))
case("softmax", "large numbers", lambda x: x.softmax(-1), x=torch.tensor([[1000.0, 1001, 999], [-1000, -1000, -1001]]).double())
case("layerNorm", "default epsilon", lambda x, scale, bias: F.layer_norm(x, [4], scale, bias, 1e-6), x=normal(2, 3, 4), scale=normal(4), bias=normal(4))
case("layerNorm", "large epsilon", lambda x, scale, bias: F.layer_norm(x, [4], scale, bias, 0.5), x=normal(2, 4), scale=normal(4), bias=normal(4))
case("standardise", "last axis", lambda x: F.layer_norm(x, [4], eps=1e-6), x=normal(2, 3, 4))

# Gathering; positions repeat, so gradients add up
case("gatherTokens", "repeated positions", lambda tokens, positions: torch.stack([t[p.long()] for t, p in zip(tokens, positions)]), tokens=normal(2, 4, 3), positions=integers([3, 0, 3, 1, 1], [2, 2, 2, 0, 3]))
case("gatherRows", "repeated positions", lambda table, positions: table[positions.long()], table=normal(4, 3), positions=integers([3, 0, 3], [2, 0, 3]))

# Folding, and a sum that is taken in two steps
case("fold", "all but the last", lambda x: x.reshape(6, 2), x=normal(2, 3, 2))
case("fold", "all but two", lambda x: x.reshape(4, 3, 2), x=normal(2, 2, 3, 2))
case("unfold", "rows of two images", lambda x: x.reshape(2, 3, 2), x=normal(6, 2))
case("sum", "long leading axes", lambda x: x.sum((0, 1)), x=normal(16, 20, 2))

path = Path(__file__).parent.parent / "fixtures" / "operators.json"
path.write_text(json.dumps({"versions": {"torch": torch.__version__}, "operators": cases}) + "\n")
