"""Writes test/fixtures/decode.json: encoded images of our own drawing and what Pillow decodes them to, or what was drawn
where Pillow cannot tell; and images of which nobody could say what they show."""

import base64
import io
import json
import pathlib
import struct
import zlib

import numpy
import PIL
from PIL import Image, ImageCms, ImageOps

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

    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


RGB, GREY, WHITE_IS_ZERO, CMYK, LAB = 2, 1, 0, 5, 8
UNSPECIFIED, PREMULTIPLIED, ALPHA = 0, 1, 2
UNSIGNED, SIGNED, FLOAT = 1, 2, 3


def tiff(samples, colours, extra=(), kind=UNSIGNED, bits=None, order="<", big=False):
    """A TIFF of one strip, by the specification (and BigTIFF's); samples that are bytes are packed already."""
    data = samples if isinstance(samples, bytes) else samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    bands = 1 if isinstance(samples, bytes) or samples.ndim == 2 else samples.shape[-1]
    bits = bits or 8 * samples.dtype.itemsize
    tags = {256: [SIDE], 257: [SIDE], 258: [bits] * bands, 259: [1], 262: [colours], 273: None, 277: [bands], 278: [SIDE]}
    tags |= {279: [len(data)]} | ({338: list(extra)} if extra else {}) | {339: [kind] * bands}
    long, size, head = ("Q", 8, 16) if big else ("I", 4, 8)
    directory = (8 if big else 2) + len(tags) * (20 if big else 12) + size
    values, lists = b"", b""
    tags[273] = [head + directory]
    places = {tag: len(value) * 2 > size for tag, value in tags.items()}
    tags[273] = [head + directory + sum(2 * len(tags[tag]) for tag, apart in places.items() if apart)]
    for tag, value in tags.items():
        packed = b"".join(struct.pack(order + "H", each) for each in value)
        if places[tag]:
            lists, packed = lists + packed, struct.pack(order + long, head + directory + len(lists))
        values += struct.pack(order + "HH" + long, tag, 3, len(value)) + packed.ljust(size, b"\0")
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    start += struct.pack(order + "HHQ", 8, 0, head) if big else struct.pack(order + "I", head)
    return start + struct.pack(order + ("Q" if big else "H"), len(tags)) + values + bytes(size) + lists + data


def swapped_profile():
    """sRGB's profile with the red and blue primaries swapped: what is stored as red is to be seen as blue."""
    content = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return content.replace(b"rXYZ", b"****", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"****", b"bXYZ", 1)


drawn = numpy.asarray(picture)
grey = numpy.asarray(picture.convert("L"))
# Anything but opaque, and nowhere all of it.
further = (255 - 10 * x).astype(numpy.uint8)
four = numpy.dstack([drawn, further])
over_black = (drawn * (further[..., None] / 255)).round().astype(numpy.uint8)
grey_over_black = (grey * (further / 255)).round().astype(numpy.uint8)
bright = grey > 127
nibbles = grey >> 4
packed_nibbles = (nibbles[:, ::2] << 4 | nibbles[:, 1::2]).tobytes()
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
    "seen-through-palette.png": encode(picture.quantize(16), "PNG", transparency=bytes(range(0, 256, 16))),
    "one-clear-colour.png": encode(picture.quantize(16).convert("RGB"), "PNG", transparency=picture.quantize(16).convert("RGB").getpixel((3, 3))),
    "one-clear-grey.png": encode(picture.convert("L"), "PNG", transparency=picture.convert("L").getpixel((3, 3))),
    "palette.tif": encode(picture.quantize(16), "TIFF"),
    "turned.tif": encode(picture, "TIFF", exif=turned),
    "ycc.tif": encode(picture, "TIFF", compression="jpeg", quality=95),
    "alpha.png": encode(seen_through, "PNG"),
    "grey-alpha.png": encode(grey_through, "PNG"),
    "alpha.webp": encode(seen_through, "WEBP", lossless=True, exact=True),
    "deep.png": png16(deep),
    "deep-grey.png": png16(deep[:, :, :1]),
    "deep-grey-alpha.png": png16(numpy.dstack([deep[:, :, 0], 2570 * x])),
    "colour.gif": encode(picture.quantize(64), "GIF"),
    "first-frame.gif": encode(picture.quantize(64), "GIF", save_all=True, append_images=[picture.rotate(90).quantize(64)]),
    "colour.tif": encode(picture, "TIFF"),
    "packed.tiff": encode(picture, "TIFF", compression="tiff_lzw"),
    "two-pages.tif": encode(picture, "TIFF", save_all=True, append_images=[picture.rotate(90)]),
    "colour.avif": encode(picture, "AVIF", quality=100, subsampling="4:4:4"),
}
# What was drawn, beside the file.
profiled_jpeg = encode(picture, "JPEG", quality=90, icc_profile=swapped_profile())
known = {
    "fourth-band.tif": (tiff(four, RGB, [UNSPECIFIED]), drawn),
    "fourth-band-untold.tif": (tiff(four, RGB), drawn),
    "fourth-band-big-endian.tif": (tiff(four, RGB, [UNSPECIFIED], order=">"), drawn),
    "fourth-band-bigtiff.tif": (tiff(four, RGB, [UNSPECIFIED], big=True), drawn),
    "fourth-band-empty.tif": (tiff(numpy.dstack([drawn, 0 * further]), RGB, [UNSPECIFIED]), drawn),
    "fourth-band-deep.tif": (tiff(four.astype(numpy.uint16) * 257, RGB, [UNSPECIFIED]), drawn),
    "alpha.tif": (tiff(four, RGB, [ALPHA]), over_black),
    "alpha-bigtiff.tif": (tiff(four, RGB, [ALPHA], big=True, order=">"), over_black),
    "premultiplied.tif": (tiff(numpy.dstack([over_black, further]), RGB, [PREMULTIPLIED]), over_black),
    "deep.tif": (tiff(drawn.astype(numpy.uint16) * 257, RGB), drawn),
    "grey.tif": (tiff(grey, GREY), grey),
    "deep-grey.tif": (tiff(grey.astype(numpy.uint16) * 257, GREY), grey),
    "grey-alpha.tif": (tiff(numpy.dstack([grey, further]), GREY, [ALPHA]), grey_over_black),
    "white-is-zero.tif": (tiff(255 - grey, WHITE_IS_ZERO), grey),
    "one-bit.tif": (tiff(numpy.packbits(bright, axis=1).tobytes(), GREY, bits=1), 255 * bright.astype(numpy.uint8)),
    "four-bits.tif": (tiff(packed_nibbles, GREY, bits=4), 17 * nibbles),
    "profile.png": (encode(picture, "PNG", icc_profile=swapped_profile()), drawn[..., ::-1]),
    "profile.jpg": (profiled_jpeg, numpy.asarray(Image.open(io.BytesIO(profiled_jpeg)))[..., ::-1]),
    "profile.tif": (encode(picture, "TIFF", icc_profile=swapped_profile()), drawn[..., ::-1]),
}
# The same inks, which Pillow reads but does not know the colours of, as a JPEG and as a TIFF of what Pillow reads.
inks = encode(picture.convert("CMYK"), "JPEG", quality=95)
assert b"Adobe" in inks and inks[inks.index(b"Adobe") + 11] == 0
luminous = bytearray(inks)
luminous[luminous.index(b"Adobe") + 11] = 2  # YCCK from now on: other inks, but the same to everybody


def as_tiff(data, *more):
    read = numpy.asarray(Image.open(io.BytesIO(data)))
    return tiff(numpy.dstack([read, *more]), CMYK, [UNSPECIFIED] * len(more))


pairs = {
    "CMYK JPEG": (inks, as_tiff(inks)),
    "YCCK JPEG": (bytes(luminous), as_tiff(luminous)),
    "CMYK TIFF with a fifth band": (as_tiff(inks, further), as_tiff(inks)),
}
# Nothing says what their bands are, or which number is white.
untold = {
    "floats": tiff((drawn / 255).astype(numpy.float32), RGB, kind=FLOAT),
    "half-floats": tiff((grey / 255).astype(numpy.float16), GREY, kind=FLOAT),
    "doubles": tiff((grey / 255).astype(numpy.float64), GREY, kind=FLOAT),
    "signed": tiff(grey.astype(numpy.int16) * 100 - 9000, GREY, kind=SIGNED),
    "signed-bytes": tiff((grey.astype(numpy.int16) - 128).astype(numpy.int8), GREY, kind=SIGNED),
    "signed-colour": tiff(drawn.astype(numpy.int16) * 100, RGB, kind=SIGNED),
    "long": tiff(grey.astype(numpy.uint32) << 24, GREY),
    "lab": tiff(drawn, LAB),
    "two-bands": tiff(numpy.dstack([grey, further]), GREY, [UNSPECIFIED]),
    "three-grey": tiff(drawn, GREY, [UNSPECIFIED] * 2),
    "five-bands": tiff(numpy.dstack([four, further]), RGB, [UNSPECIFIED] * 2),
    "alpha-and-more": tiff(numpy.dstack([four, further]), RGB, [ALPHA, UNSPECIFIED]),
    "seven-bands": tiff(numpy.dstack([four, drawn]), RGB, [UNSPECIFIED] * 4),
    "five-inks": tiff(numpy.dstack([four, drawn])[..., :6], CMYK, [UNSPECIFIED] * 2),
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


def in_colour(samples):
    return (numpy.dstack([samples] * 3) if samples.ndim == 2 else samples).astype(numpy.uint8).tobytes()


def text(data):
    return base64.b64encode(data).decode()


path = pathlib.Path(__file__).parent.parent / "fixtures" / "decode.json"
content = {
    "madeWith": f"Pillow {PIL.__version__}, numpy {numpy.__version__}",
    "size": SIDE,
    "images": [{"name": name, "file": text(data), "rgb": text(decode(data))} for name, data in files.items()]
    + [{"name": name, "file": text(data), "rgb": text(in_colour(right))} for name, (data, right) in known.items()],
    "pairs": [{"name": name, "files": [text(one), text(other)]} for name, (one, other) in pairs.items()],
    "untold": [{"name": name, "file": text(data)} for name, data in untold.items()],
}
path.write_text(json.dumps(content, indent=1) + "\n")
