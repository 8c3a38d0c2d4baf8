"""Fixtures for others' encoders: small ones of random weights as transformers and timm save them, and their latents.

Each is a folder as it would lie on the hub. Latents are computed in float64, at the encoder's own image size, at a
larger and at a smaller one; those of class token and registers are left out.

With a folder as its argument: the same there, of a ViT-S in its published layout; compare-encoders.ts compares.
"""
import json
import shutil
import sys
from pathlib import Path

import timm
import torch
import transformers as T
from safetensors.torch import save_file
from timm.models._hub import save_for_hf

torch.set_num_threads(1)
torch.manual_seed(0)
IS_LARGE = len(sys.argv) > 1
fixtures = Path(sys.argv[1]) if IS_LARGE else Path(__file__).parent.parent / "fixtures" / "encoders"
fixtures.mkdir(parents=True, exist_ok=True)
DEPTH, WIDTH, HEADS, RATIO, PATCH = (12, 384, 6, 4, 14) if IS_LARGE else (2, 16, 2, 2, 4)
OWN, *OTHERS = (224, 336, 112) if IS_LARGE else (12, 20, 8)
DEVIATION = .05 if IS_LARGE else .3
images = {size: torch.rand(1, 3, size, size) for size in (OWN, *OTHERS)}
latents = {f"images.{size}": image for size, image in images.items()}


def randomise(model):
    """No parameter stays 0 or 1, so that all of them matter."""
    for parameter in model.parameters():
        parameter.data.normal_(0, DEVIATION)
    return model.eval()


def keep(name, model, forward):
    model = model.double()
    for size, image in images.items():
        with torch.no_grad():
            latents[f"{name}.{size}"] = forward(model, image.double()).float().contiguous()


common = dict(
    hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS, image_size=OWN, patch_size=PATCH
)
hidden = RATIO * WIDTH
resized = dict(interpolate_pos_encoding=True)
ofTransformers = {
    "ijepa": (T.IJepaModel(T.IJepaConfig(**common, intermediate_size=hidden + 8)), 0, resized),
    "vit": (T.ViTForImageClassification(T.ViTConfig(**common, intermediate_size=hidden)), 1, resized),
    "dinov2": (T.Dinov2Model(T.Dinov2Config(**common, mlp_ratio=RATIO)), 1, {}),
    "dinov2_with_registers": (
        T.Dinov2WithRegistersModel(T.Dinov2WithRegistersConfig(**common, mlp_ratio=RATIO, num_register_tokens=3)), 4, {}
    ),
}
for name, (model, before, options) in ofTransformers.items():
    shutil.rmtree(fixtures / name, ignore_errors=True)
    randomise(model).save_pretrained(fixtures / name)
    preprocessor = {
        "crop_size": {"height": OWN, "width": OWN}, "size": {"shortest_edge": OWN * 8 // 7}, "rescale_factor": 1 / 255,
        "do_center_crop": True, "do_rescale": True, "do_normalize": True,
        "image_mean": [.4, .5, .6], "image_std": [.2, .25, .3],
    }
    (fixtures / name / "preprocessor_config.json").write_text(json.dumps(preprocessor) + "\n")
    encoder = getattr(model, "vit", model)
    keep(name, encoder, lambda model, image: model(image, **options).last_hidden_state[:, before:])

sizes = dict(
    embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, mlp_ratio=RATIO, patch_size=PATCH, img_size=OWN, num_classes=3
)
for name, architecture in {"timm-vit": "vit_tiny_patch16_224", "timm-dinov2": "vit_small_patch14_reg4_dinov2"}.items():
    model = randomise(timm.create_model(architecture, **sizes, dynamic_img_size=True))
    save_for_hf(model, fixtures / name, safe_serialization=True)
    keep(name, model, lambda model, image: model.forward_features(image)[:, model.num_prefix_tokens:])

save_file(latents, fixtures / "latents.safetensors")
for file in fixtures.rglob("*.safetensors"):
    file.chmod(0o644)
versions = {"torch": torch.__version__, "transformers": T.__version__, "timm": timm.__version__}
(fixtures / "versions.json").write_text(json.dumps(versions) + "\n")
