"""What an export is to others' code: transformers, timm, ONNX Runtime and Pillow, against each other and our own numbers.

    python test/oracle/export.py EXPORT [IMAGE ...]

EXPORT is what `iwm export RUN --out EXPORT` has made. Prints the largest relative difference of the latents of random
images; with images also that of what transformers' own image processor makes of them. docs/export.md has the results.
Written with torch 2.15, transformers 5.24, timm 1.0.31, onnxruntime 1.32.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import timm
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModel

folder = Path(sys.argv[1])
config = json.loads((folder / "config.json").read_text())
side = config["image_size"]
pixels = np.random.default_rng(0).normal(size=(8, 3, side, side)).astype(np.float32)


def relative(found, expected):
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def run(path, feeds):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))


ours = run(folder / "onnx/model.onnx", {"pixel_values": pixels})
latents = ours["last_hidden_state"]
print("means", relative(ours["pooler_output"], latents.mean(1)))
for name in ["fp16", "quantized"]:
    found = run(folder / f"onnx/model_{name}.onnx", {"pixel_values": pixels})
    print(name, relative(found["last_hidden_state"], latents))

with torch.no_grad():
    model, told = AutoModel.from_pretrained(folder, add_pooling_layer=False, output_loading_info=True)
    assert not any(told[key] for key in ["missing_keys", "unexpected_keys", "mismatched_keys"]), told
    found = model.eval()(torch.from_numpy(pixels)).last_hidden_state.numpy()
    print("transformers", type(model).__name__, relative(found, latents))

    encoder = timm.create_model(f"local-dir:{folder / 'timm'}", pretrained=True).eval()
    found = encoder.forward_features(torch.from_numpy(pixels)).numpy()
    print("timm", type(encoder).__name__, relative(found, latents))
    pooled = encoder(torch.from_numpy(pixels)).numpy()
    print("timm, means", relative(pooled, latents.mean(1)))

if len(sys.argv) > 2:
    processor = AutoImageProcessor.from_pretrained(folder)
    data = timm.data.resolve_model_data_config(encoder)
    transform = timm.data.create_transform(**data, is_training=False)
    for path in sys.argv[2:]:
        image = Image.open(path).convert("RGB")
        print(path, type(processor).__name__, end=" ")
        theirs = processor(image, return_tensors="np")["pixel_values"]
        print(theirs.shape, "timm's transform", relative(transform(image).numpy(), theirs[0]))
