"""MRR of an exported world model, by ONNX Runtime and torchvision alone, beside what `iwm evaluate` says.

    node --import tsx test/oracle/export-mrr.ts RUN mrr.safetensors && python test/oracle/export_mrr.py EXPORT mrr.safetensors

Draws of versions and questions are given; views, actions (by predictor.json), latents, predictions, similarities and
ranks are computed here. For runs whose images are kept at the size that the model sees. docs/export.md has the results.
Written with torch 2.15, torchvision 0.30, onnxruntime 1.32.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torchvision.transforms.functional as F
from safetensors.numpy import load_file

folder = Path(sys.argv[1])
given = load_file(sys.argv[2])
told = json.loads((folder / "predictor/predictor.json").read_text())
seen = json.loads((folder / "preprocessor_config.json").read_text())
mean, std = (np.array(seen[f"image_{key}"], np.float32)[:, None, None] for key in ["mean", "std"])


torch.set_num_threads(1)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


encoder, target, predictor = (
    session(folder / "predictor" / path) for path in [told["encoder"], told["target"]["graph"], "predictor.onnx"]
)
jitters = {
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
    "hue": F.adjust_hue,
}
names = list(jitters)


def version(image, parameters):
    for name, parameter in zip(names, parameters):
        image = jitters[name](image, float(parameter))
    return image.numpy()


def encode(graph, images, output="last_hidden_state"):
    return graph.run([output], {"pixel_values": (images - mean) / std})[0]


def action(parameters):
    numbers = list(told["null"])
    for i, row in enumerate(told["action"]):
        if row["kind"] == "jitter":
            numbers[i] = (parameters[names.index(row["name"])] - row["identity"]) / row["unit"]
    return numbers


def standardised(latents):
    centred = latents - latents.mean(-1, keepdims=True)
    return centred / np.sqrt(centred.var(-1, keepdims=True) + 1e-6)


def reciprocal(similarity, right):
    """Of the rank of the right one; what is as near counts as nearer."""
    return 1 / np.sum(similarity >= similarity[right])


cosine, l2 = [], []
for image, parameters, asked in zip(given["images"], given["parameters"], given["asked"].astype(int)):
    versions = np.stack([version(torch.from_numpy(image), each) for each in parameters])
    bank = standardised(encode(target, versions, told["target"]["output"]))
    latents = np.repeat(encode(encoder, image[None]), len(asked), 0)
    answers = predictor.run(None, {
        "latents": latents,
        "action": np.array([action(parameters[i]) for i in asked], np.float32),
        "positions": np.tile(np.arange(latents.shape[1], dtype=np.int32), (len(asked), 1)),
    })[0]
    unit = [each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (answers, bank)]
    near = np.einsum("and,bnd->ab", *unit)
    close = -np.array([((answer - bank) ** 2).sum((1, 2)) for answer in answers])
    cosine.append(np.mean([reciprocal(row, right) for row, right in zip(near, asked)]))
    l2.append(np.mean([reciprocal(row, right) for row, right in zip(close, asked)]))
print(f"here          MRR {np.mean(cosine):.5f}, by L2 {np.mean(l2):.5f}")
print("iwm evaluate  MRR {:.5f}, by L2 {:.5f}".format(*given["mrr"]))
