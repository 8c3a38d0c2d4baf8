"""Mean-pooled features by timm's vision transformer of the sizes on the command line, as a contender of ../embedding.ts:
argv[1] is JSON {"image", "patch", "width", "depth", "heads", "images", "batch", "threads"}. Each line on standard input asks for
one pass over so many images that are in memory already; the answer is {"seconds"}. Nothing is decoded or written."""
import json
import sys
import time

import timm
import torch
from timm.models.vision_transformer import VisionTransformer

asked = json.loads(sys.argv[1])
torch.set_num_threads(asked["threads"])
torch.set_flush_denormal(True)
side, batch = asked["image"], asked["batch"]
model = VisionTransformer(
    img_size=side,
    patch_size=asked["patch"],
    embed_dim=asked["width"],
    depth=asked["depth"],
    num_heads=asked["heads"],
    class_token=False,
    global_pool="avg",
    fc_norm=False,
    num_classes=0,
).eval()
images = torch.rand(asked["images"], 3, side, side)


@torch.inference_mode()
def run(count):
    return sum(float(model(images[first : first + batch])[0, 0]) for first in range(0, count, batch))


run(10 * batch)
print(json.dumps({"version": f"PyTorch {torch.__version__}, timm {timm.__version__}"}), flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    run(len(images))
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
