"""Writes test/fixtures/*.parquet: six tiny images of our own drawing, in Hugging Face's layout (a file a codec), and as a
plain column of bytes beside other columns of whole numbers and bytes (plain), whose last row is no image."""

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
