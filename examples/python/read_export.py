"""Reads what `iwm export RUN --out DIR` wrote: the encoder with ONNX Runtime and with timm, its weights with safetensors, and the
predictor, which is asked for the latents of a brighter image.

    python read_export.py DIR IMAGE
"""

import json
import pathlib
import sys

import numpy
import onnxruntime
import timm
import torch
from PIL import Image
from safetensors.numpy import load_file

folder, path = pathlib.Path(sys.argv[1]), sys.argv[2]
facts = json.loads((folder / "preprocessor_config.json").read_text())


def read(path):
    """The middle of an image as the model takes it, [1, 3, size, size] in 0..1."""
    side = facts["crop_size"]["height"]
    image = Image.open(path).convert("RGB")
    edge = min(image.size)
    left, top = (image.width - edge) / 2, (image.height - edge) / 2
    image = image.resize((side, side), Image.Resampling.LANCZOS, (left, top, left + edge, top + edge))
    return numpy.asarray(image, "float32").transpose(2, 0, 1)[None] / 255


def normalised(pixels):
    mean, std = (numpy.array(facts[key], "float32").reshape(1, 3, 1, 1) for key in ("image_mean", "image_std"))
    return (pixels - mean) / std


def session(name):
    return onnxruntime.InferenceSession(folder / name)


pixels = read(path)

weights = load_file(folder / "model.safetensors")
print(f"{len(weights)} tensors, {sum(tensor.size for tensor in weights.values()):,} numbers")

features, pooled = session("onnx/model.onnx").run(None, {"pixel_values": normalised(pixels)})
print(f"latents {list(features.shape)}, pooled {list(pooled.shape)}")

model = timm.create_model(f"local-dir:{folder / 'timm'}", pretrained=True).eval()
with torch.inference_mode():
    other = model(torch.from_numpy(normalised(pixels))).numpy()
print(f"timm's pooled features differ by at most {numpy.abs(other - pooled).max():.1e}")

# The world model: which latents would the image have if it were brighter?
world = folder / "predictor"
vocabulary = json.loads((world / "predictor.json").read_text())
action = numpy.array([vocabulary["null"]], "float32")
[place] = [i for i, each in enumerate(vocabulary["action"]) if each["name"] == "brightness"]
factor = 1.3
action[0, place] = (factor - 1) / vocabulary["action"][place]["unit"]


def latents(which, pixels):
    """What the predictor reads (encoder) or comes near (target)."""
    told = vocabulary[which]
    [found] = session(f"predictor/{told['graph']}").run([told["output"]], {"pixel_values": normalised(pixels)})
    return found[:, told["prefix"] :]


context = latents("encoder", pixels)
positions = numpy.arange(context.shape[1], dtype="int32")[None]
[predicted] = session("predictor/predictor.onnx").run(
    None, {"latents": context, "action": action, "positions": positions}
)


def cosine(pixels):
    """How alike the prediction and what is predicted of an image are, mean over patches."""
    found = latents("target", pixels)
    found = (found - found.mean(-1, keepdims=True)) / numpy.sqrt(found.var(-1, keepdims=True) + 1e-6)
    both = (found * predicted).sum(-1)
    return float((both / numpy.linalg.norm(found, axis=-1) / numpy.linalg.norm(predicted, axis=-1)).mean())


brighter = numpy.clip(pixels * factor, 0, 1)
print(f"prediction for brightness × {factor}: cosine {cosine(brighter):.3f} to the brighter image, {cosine(pixels):.3f} to the image")
