"""Writes test/fixtures/*.parquet: six tiny images of our own drawing, in Hugging Face's layout (a file a codec), and as a
plain column of bytes beside other columns of whole numbers and bytes (plain), whose last row is no image. And forty
images in pages of a few rows, with the SHA-256 of each, as version 1 (pages-1) and 2 (pages-2) of the format writes them."""

import hashlib
import io
import json
import pathlib

import PIL
import pyarrow
import pyarrow.parquet
from PIL import Image

fixtures = pathlib.Path(__file__).parent.parent / "fixtures"
names = ["red", "green", "blue"]
colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def encode(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4), colour).save(buffer, "PNG")
    return buffer.getvalue()


labels = [0, 1, 2, 2, 1, 0]
images = [{"bytes": encode(colours[label]), "path": f"{i}.png"} for i, label in enumerate(labels)]
features = {"img": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
metadata = {"huggingface": json.dumps({"info": {"features": features}}), "made with": f"pyarrow {pyarrow.__version__}, Pillow {PIL.__version__}"}
schema = pyarrow.schema(
    [("img", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])), ("label", pyarrow.int64())],
    metadata=metadata,
)
table = pyarrow.table({"img": images, "label": labels}, schema=schema)
for compression in ["snappy", "gzip", "zstd", "brotli", "lz4"]:
    pyarrow.parquet.write_table(table, fixtures / f"{compression}.parquet", compression=compression, row_group_size=4)

secret = {"img": images[:2], "label": [-1, -1]}
pyarrow.parquet.write_table(pyarrow.table(secret, schema=schema), fixtures / "unlabelled.parquet")

plain = {
    "id": list(range(1000, 1006)),
    "name": [image["path"] for image in images],
    "digest": pyarrow.array([b"no image"] * 6, pyarrow.binary()),
    "image": pyarrow.array([image["bytes"] for image in images[:5]] + [b"no image either"], pyarrow.binary()),
}
made = {"made with": metadata["made with"]}
pyarrow.parquet.write_table(pyarrow.table(plain, metadata=made), fixtures / "plain.parquet", row_group_size=2)

# Every other image is the same, so that there are dictionaries, which outgrow their limit; every tenth is missing.
many = [encode((i * 6, 255 - i * 6, i * 3) if i % 2 else colours[0]) for i in range(40)]
paged = {
    "image": [None if i % 10 == 9 else {"bytes": each, "path": f"{i}.png"} for i, each in enumerate(many)],
    "digest": ["" if i % 10 == 9 else hashlib.sha256(each).hexdigest() for i, each in enumerate(many)],
    "label": pyarrow.array([["cat", "dog", ""][i % 3] for i in range(40)]).dictionary_encode(),
}
for version in ["1.0", "2.0"]:
    pyarrow.parquet.write_table(
        pyarrow.table(paged, metadata=made),
        fixtures / f"pages-{version[0]}.parquet",
        row_group_size=30,
        data_page_size=100,
        write_batch_size=2,
        dictionary_pagesize_limit=500,
        data_page_version=version,
    )
