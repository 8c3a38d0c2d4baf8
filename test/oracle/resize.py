"""Fixtures for resampling: Pillow's Image.resize(..., BILINEAR, box=...), in 8 bits ('L') and in floats ('F')."""
import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

rng = np.random.default_rng(0)
# (input height, width), (left, top, right, bottom), output side (height, width), flipped
cases = [
    ((8, 8), (0, 0, 8, 8), (8, 8), False),
    ((9, 12), (0, 0, 12, 9), (6, 6), False),
    ((13, 11), (2, 1, 9, 12), (5, 5), True),
    ((7, 6), (0, 0, 6, 7), (16, 16), False),
    ((7, 6), (1, 2, 5, 7), (16, 16), True),
    ((20, 24), (3.25, 1.5, 20.75, 18.5), (7, 9), False),
    ((20, 24), (5, 5, 7, 8), (12, 10), True),
    ((32, 32), (4, 9, 27, 30), (32, 32), True),
    ((30, 20), (0, 0, 20, 30), (4, 3), False),
    ((3, 3), (0, 0, 3, 3), (1, 1), False),
]
fixtures = []
for (height, width), box, (out_height, out_width), flip in cases:
    pixels = rng.integers(0, 256, (height, width)).astype(np.uint8)

    def resized(image):
        result = image.resize((out_width, out_height), Image.BILINEAR, box=box)
        return result.transpose(Image.FLIP_LEFT_RIGHT) if flip else result

    fixtures.append({
        "shape": [height, width],
        "box": box,
        "out": [out_height, out_width],
        "flip": flip,
        "pixels": pixels.flatten().tolist(),
        "bytes": np.asarray(resized(Image.fromarray(pixels, "L"))).flatten().tolist(),
        "floats": [round(float(v), 4) for v in np.asarray(resized(Image.fromarray(pixels.astype(np.float32), "F"))).flatten()],
    })
path = Path(__file__).parent.parent / "fixtures" / "resize.json"
path.write_text(json.dumps({"versions": {"pillow": PIL.__version__, "numpy": np.__version__}, "cases": fixtures}) + "\n")
