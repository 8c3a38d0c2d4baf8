"""
Decoding images with PyTorch's DataLoader and Pillow, as a contender of ../input/throughput.ts: argv[1] is JSON
{"folder", "size", "batch", "workers"}. Each line on standard input asks for one pass over all images, in a random
order, as batches uint8 [n, 3, size, size]; the answer is {"images", "seconds", "sum"}. Workers stay between passes.
"""

import json
import os
import sys
import time

import numpy
import PIL
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

asked = json.loads(sys.argv[1])
side = asked["size"]


class Files(Dataset):
    """Image files, the shorter side resized to `side`, the middle kept."""

    def __init__(self, folder):
        names = (os.path.join(at, name) for at, _, files in os.walk(folder) for name in files)
        self.paths = sorted(name for name in names if name.lower().endswith((".jpg", ".jpeg", ".png")))

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with Image.open(self.paths[index]) as image:
            image = image.convert("RGB")
        width, height = image.size
        if min(width, height) != side:
            scale = side / min(width, height)
            width, height = round(width * scale), round(height * scale)
            image = image.resize((width, height), Image.LANCZOS)
        if (width, height) != (side, side):
            left, top = (width - side) // 2, (height - side) // 2
            image = image.crop((left, top, left + side, top + side))
        return torch.from_numpy(numpy.array(image)).permute(2, 0, 1)


def main():
    files = Files(asked["folder"])
    loader = DataLoader(
        files,
        batch_size=asked["batch"],
        shuffle=True,
        num_workers=asked["workers"],
        persistent_workers=True,
    )
    print(json.dumps({"version": f"PyTorch {torch.__version__}, Pillow {PIL.__version__}"}), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        images, total = 0, 0
        for batch in loader:
            images += len(batch)
            total += int(batch[:, 0, 0, 0].sum())
        print(json.dumps({"images": images, "seconds": time.perf_counter() - began, "sum": total}), flush=True)


if __name__ == "__main__":
    main()
