"""The most alike pairs of images in what `iwm embed RUN --data SRC --out FEATURES.parquet` wrote.

    python near_duplicates.py FEATURES.parquet
"""

import sys

import numpy
import pandas

frame = pandas.read_parquet(sys.argv[1])
features = numpy.stack(frame.embedding)
# What all images have in common tells none apart.
features -= features.mean(0)
features /= numpy.linalg.norm(features, axis=1, keepdims=True)

pairs = []
for i, row in enumerate(features[:-1]):
    cosine = features[i + 1 :] @ row
    nearest = int(cosine.argmax())
    pairs.append((float(cosine[nearest]), i, i + 1 + nearest))
for cosine, one, other in sorted(pairs, reverse=True)[:10]:
    print(f"{cosine:.3f}  {frame.file[one]}  {frame.file[other]}")
