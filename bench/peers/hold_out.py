"""Splits a Parquet image set: the last images of each class become its validation split.

python bench/peers/hold_out.py SRC OUT [--each 50] [--label label]     (pyarrow 21 or newer)
"""

import argparse
import glob
import os

import pyarrow as pa
import pyarrow.parquet as pq

parser = argparse.ArgumentParser()
parser.add_argument("source")
parser.add_argument("out")
parser.add_argument("--each", type=int, default=50)
parser.add_argument("--label", default="label")
args = parser.parse_args()

files = sorted(glob.glob(os.path.join(args.source, "*.parquet")))
table = pa.concat_tables([pq.read_table(file) for file in files])
labels = table.column(args.label).to_pylist()
left = {label: args.each for label in labels}
held = []
for row in range(len(labels) - 1, -1, -1):
    if left[labels[row]] > 0:
        left[labels[row]] -= 1
        held.append(row)
kept = sorted(set(range(len(labels))) - set(held))
os.makedirs(args.out, exist_ok=True)
for split, rows in (("train", kept), ("validation", sorted(held))):
    file = os.path.join(args.out, f"{split}-00000-of-00001.parquet")
    pq.write_table(table.take(rows), file, row_group_size=5000)
    print(f"{file}: {len(rows)} images")
