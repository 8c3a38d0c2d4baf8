"""Fixtures for photometric transformations and blur: torchvision's functions on float tensors."""
import json
from pathlib import Path

import numpy as np
import PIL
import torch
import torchvision
import torchvision.transforms.functional as F
from PIL import Image

torch.manual_seed(0)


def flat(tensor):
    return [round(float(v), 6) for v in tensor.flatten()]


# Random colours, then the awkward ones: greys, primaries, two channels tied at the top or the bottom, extremes.
images = torch.rand(6, 3, 6, 6)
special = torch.tensor([
    [0, 0, 0], [1, 1, 1], [.5, .5, .5], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1],
    [.7, .7, .2], [.2, .7, .7], [.7, .2, .7], [.3, .3, .9], [.9, .3, .3], [.3, .9, .3], [.5, .25, .75],
    [.499, .5, .501], [1e-4, 0, 0],
])
images[5].view(3, 36)[:, :18] = special.T
images = (images * 1e5).round() / 1e5

parameters = {
    "brightness": [.6, .83, 1, 1.2, 1.4, 0],
    "contrast": [.6, .9, 1, 1.3, 1.4, 0],
    "saturation": [.8, .95, 1, 1.1, 1.2, 0],
    "hue": [-.1, -.03, 0, .05, .5, .1],
    "grayscale": [0, 1, 1, 0, 1, 1],
    "solarize": [1, 0, 1, 1, 0, 1],
}
functions = {
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
    "hue": F.adjust_hue,
    "grayscale": lambda image, flag: F.rgb_to_grayscale(image, 3) if flag else image,
    "solarize": lambda image, flag: F.solarize(image, .5) if flag else image,
}
expected = {
    name: flat(torch.stack([function(image, p) for image, p in zip(images, parameters[name])]))
    for name, function in functions.items()
}


def chain(index, names):
    image = images[index]
    for name in names:
        image = functions[name](image, parameters[name][index])
    return image


jitters = ["brightness", "contrast", "saturation", "hue"]
chains = flat(torch.stack([chain(i, jitters) for i in range(len(images))]))

blurs = []
for size, sigma, kernel in [(6, 1.3, 3), (9, .1, 5), (12, 2, 11), (4, .7, 7)]:
    image = torch.rand(size, size)
    blurs.append({
        "size": size, "sigma": sigma, "kernel": kernel, "image": flat(image),
        "blurred": flat(F.gaussian_blur(image[None], [kernel, kernel], [sigma, sigma])[0]),
    })

# Whole pairs of views: Pillow's resize of a box (float mode), flip, then each view's own transformations in order.
SIZE, KERNEL, MEAN, STD = 12, 3, [.5, .4, .3], [.25, .3, .2]
clean = {"brightness": 1, "contrast": 1, "saturation": 1, "hue": 0, "grayscale": 0, "blur": 0, "solarize": 0}


def view(image, p):
    for name in ["brightness", "contrast", "saturation", "hue"]:
        image = functions[name](image, p[name])
    image = functions["grayscale"](image, p["grayscale"])
    if p["blur"] > 0:
        image = F.gaussian_blur(image, [KERNEL, KERNEL], [p["blur"], p["blur"]])
    return F.normalize(functions["solarize"](image, p["solarize"]), MEAN, STD)


pairs = []
for crop, flip, source, target in [
    ((0, 0, 20, 16), False, clean, clean),
    ((3, 2, 9, 8), True, clean | {"brightness": 1.3, "contrast": .7, "saturation": .9, "hue": .08, "blur": 1.1},
     clean | {"brightness": .7, "contrast": 1.2, "saturation": 1.15, "hue": -.06}),
    ((1, 4, 18, 12), True, clean | {"grayscale": 1, "solarize": 1}, clean | {"hue": .1}),
    ((5, 0, 13, 15), False, clean | {"contrast": 1.4, "grayscale": 1, "blur": .4, "solarize": 1}, clean),
]:
    image = torch.rand(3, 20, 16)
    top, left, height, width = crop[0], crop[1], min(crop[2], 20 - crop[0]), min(crop[3], 16 - crop[1])
    box = (left, top, left + width, top + height)
    cropped = torch.stack([
        torch.from_numpy(np.array(Image.fromarray(channel.numpy()).resize((SIZE, SIZE), Image.BILINEAR, box=box)))
        for channel in image
    ])
    cropped = cropped.flip(-1) if flip else cropped
    pairs.append({
        "image": flat(image), "crop": {"top": top, "left": left, "height": height, "width": width}, "flip": flip,
        "sourceParameters": source, "targetParameters": target,
        "source": flat(view(cropped, source)), "target": flat(view(cropped, target)),
    })

path = Path(__file__).parent.parent / "fixtures" / "torchvision-augment.json"
path.write_text(json.dumps({
    "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": PIL.__version__},
    "shape": list(images.shape), "images": flat(images), "parameters": parameters, "expected": expected,
    "jittered": chains, "blurs": blurs,
    "pairs": {"height": 20, "width": 16, "size": SIZE, "mean": MEAN, "std": STD, "cases": pairs},
}) + "\n")
