"""Writes test/fixtures/decode.json: encoded images of our own drawing and what Pillow decodes them to."""

import base64
import io
import json
import pathlib

import numpy
import PIL
from PIL import Image, ImageOps

SIDE = 24
y, x = numpy.mgrid[0:SIDE, 0:SIDE]
waves = [127 + 100 * numpy.sin(0.2 * x + 0.1 * y), 127 + 90 * numpy.cos(0.25 * y), 40 + 7 * x]
picture = Image.fromarray(numpy.stack(waves, -1).astype(numpy.uint8))


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


turned = picture.getexif()
turned[0x0112] = 6  # orientation: to be turned by 90 degrees
wide = Image.fromarray(numpy.pad(numpy.asarray(picture), ((0, 0), (5, 5), (0, 0))))
files = {
    "colour.jpg": encode(picture, "JPEG", quality=90),
    "grey.jpg": encode(picture.convert("L"), "JPEG", quality=90),
    "turned.jpg": encode(picture, "JPEG", quality=90, exif=turned),
    "colour.png": encode(picture, "PNG"),
    "grey.png": encode(picture.convert("L"), "PNG"),
    "palette.png": encode(picture.quantize(16), "PNG"),
    "two-levels.png": encode(picture.convert("1"), "PNG"),
    "opaque.png": encode(picture.convert("RGBA"), "PNG"),
    "colour.webp": encode(picture, "WEBP", lossless=True),
    "wide.png": encode(wide, "PNG"),
}


def decode(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    return image.crop((left, top, left + SIDE, top + SIDE)).tobytes()


def text(data):
    return base64.b64encode(data).decode()


path = pathlib.Path(__file__).parent.parent / "fixtures" / "decode.json"
content = {
    "madeWith": f"Pillow {PIL.__version__}, numpy {numpy.__version__}",
    "size": SIDE,
    "images": [{"name": name, "file": text(data), "rgb": text(decode(data))} for name, data in files.items()],
}
path.write_text(json.dumps(content, indent=1) + "\n")
