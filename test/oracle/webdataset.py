"""Writes test/fixtures/webdataset-*.tar: six tiny images of our own drawing as WebDataset samples, by Python's tarfile in
its three formats, with names longer than a plain header holds, folders, a link out of the tar and names that climb."""

import io
import json
import pathlib
import struct
import tarfile
import zlib

fixtures = pathlib.Path(__file__).parent.parent / "fixtures"
colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
labels = [0, 1, 2, 2, 1, 0]


def png(colour, width=6, height=4):
    rows = (b"\0" + bytes(colour) * width) * height

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def add(tar, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def special(tar, name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    tar.addfile(member)


for form, mode in [("ustar", "w"), ("gnu", "w"), ("pax", "w"), ("gnu", "w:gz")]:
    packed = mode.endswith("gz")
    path = fixtures / f"webdataset-{form}.tar{'.gz' if packed else ''}"
    with tarfile.open(path, mode, format={"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}[form]) as tar:
        special(tar, "photos", tarfile.DIRTYPE)
        special(tar, "photos/outside", tarfile.SYMTYPE, "/etc/passwd")
        add(tar, "photos/._0.png", b"not an image, but what a Mac leaves")
        for i, label in enumerate(labels):
            # Names of 5, of 4 + 130 and of 14 characters; a long part above a slash fits into a plain header.
            folder = ["", "deep" + "/" + "x" * 60 + "/" + "y" * 65 + "/", "../../climbing/"][i % 3]
            if i == 5 and form != "ustar":
                folder = "ü" * 120 + "/"
            add(tar, f"{folder}{i}.png", png(colours[label]))
            if i % 2 == 0:
                add(tar, f"{folder}{i}.cls", str(label).encode())
            else:
                add(tar, f"{folder}{i}.json", json.dumps({"label": label, "caption": "x" * 700}).encode())
