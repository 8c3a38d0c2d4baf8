"""Writes test/fixtures/decode.json: encoded images of our own drawing and what Pillow decodes them to."""

import base64
import io
import json
import pathlib
import struct
import zlib

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


def png16(samples):
    """A PNG of 16 bits a channel, big endian, no filter, as Pillow cannot write it in colour."""
    height, width, channels = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


deep = numpy.asarray(picture).astype(numpy.uint16) * 257
alpha = Image.fromarray((10 * x).astype(numpy.uint8))
seen_through = picture.copy()
seen_through.putalpha(alpha)
grey_through = picture.convert("L")
grey_through.putalpha(alpha)
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
    "progressive.jpg": encode(picture, "JPEG", quality=90, progressive=True),
    "alpha.png": encode(seen_through, "PNG"),
    "grey-alpha.png": encode(grey_through, "PNG"),
    "alpha.webp": encode(seen_through, "WEBP", lossless=True, exact=True),
    "deep.png": png16(deep),
    "deep-grey.png": png16(deep[:, :, :1]),
    "colour.gif": encode(picture.quantize(64), "GIF"),
    "first-frame.gif": encode(picture.quantize(64), "GIF", save_all=True, append_images=[picture.rotate(90).quantize(64)]),
    "colour.tif": encode(picture, "TIFF"),
    "packed.tiff": encode(picture, "TIFF", compression="tiff_lzw"),
    "two-pages.tif": encode(picture, "TIFF", save_all=True, append_images=[picture.rotate(90)]),
    "colour.avif": encode(picture, "AVIF", quality=100, subsampling="4:4:4"),
}


def decode(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 257).convert("L")
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    image = image.convert("RGB")
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
