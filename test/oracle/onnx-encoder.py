"""A small ONNX encoder as transformers.js has them, exported by PyTorch, with its latents of an image: a DINOv2 of
random weights, positions interpolated in the graph; and the same quantised, and in half precision inside, as those of
transformers.js are. Written with transformers 5.24, torch 2.15, onnx 1.23, onnxruntime 1.32."""
import json
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from transformers import Dinov2Config, Dinov2Model

warnings.filterwarnings("ignore")
out = Path(__file__).parent.parent / "fixtures" / "onnx-encoder"
(out / "onnx").mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)
config = Dinov2Config(
    image_size=32, patch_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
    mlp_ratio=2, layerscale_value=0.5, initializer_range=0.3,
)
model = Dinov2Model(config).eval()


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values).last_hidden_state


torch.onnx.export(
    Encoder(),
    (torch.zeros(2, 3, 24, 24),),
    str(out / "onnx" / "model.onnx"),
    input_names=["pixel_values"],
    output_names=["last_hidden_state"],
    dynamic_axes={
        "pixel_values": {0: "batch_size", 2: "height", 3: "width"},
        "last_hidden_state": {0: "batch_size", 1: "sequence_length"},
    },
    opset_version=14,
    dynamo=False,
)
whole = out / "onnx" / "model.onnx"
quantize_dynamic(whole, out / "onnx" / "model_quantized.onnx", weight_type=QuantType.QUInt8)
half = convert_float_to_float16(onnx.load(whole), keep_io_types=True)
onnx.save(half, out / "onnx" / "model_fp16.onnx")

mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
files = {
    "config.json": config.to_dict(),
    "preprocessor_config.json": {
        "crop_size": {"height": 32, "width": 32}, "do_center_crop": True, "do_normalize": True, "do_rescale": True,
        "image_mean": mean, "image_std": std, "rescale_factor": 1 / 255, "size": {"shortest_edge": 36},
    },
}
for name, content in files.items():
    (out / name).write_text(json.dumps(content, indent=1) + "\n")

latents = {}
for size in (32, 24):
    # Pixels that need no file: (7 i) mod 256.
    pixels = (torch.arange(3 * size * size) * 7 % 256).reshape(1, 3, size, size).float() / 255
    normal = (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    with torch.no_grad():
        latents[size] = model(normal).last_hidden_state[0, 1:].flatten().tolist()
(out / "latents.json").write_text(json.dumps(latents) + "\n")
