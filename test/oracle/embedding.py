"""Reads test/fixtures/embedding* – which embedding.ts writes, and a test compares byte for byte with what is written today –
with pandas (over pyarrow), DuckDB and NumPy, and keeps what they see in test/fixtures/embedding.json. Floats are kept as
their bits."""

import json
import pathlib

import duckdb
import numpy
import pandas
import pyarrow
import pyarrow.parquet

fixtures = pathlib.Path(__file__).parent.parent / "fixtures"


def bits(numbers):
    return numpy.asarray(numbers, "<f4").view("<u4").tolist()


def rows(table):
    return [{**row, "embedding": bits(row["embedding"])} for row in table]


def by_pandas(path):
    frame = pandas.read_parquet(path)
    kinds = {name: str(pyarrow.parquet.read_schema(path).field(name).type) for name in frame.columns}
    table = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {"columns": kinds, "rows": rows(table)}


def by_duckdb(path):
    found = duckdb.sql(f"select * from '{path}'")
    return rows([dict(zip(found.columns, row)) for row in found.fetchall()])


def by_numpy(path):
    numbers = numpy.load(path)
    table = pandas.read_csv(f"{path}.csv", keep_default_na=False, dtype=str)
    return {"dtype": str(numbers.dtype), "shape": numbers.shape, "bits": bits(numbers.ravel()), "table": table.to_dict("records")}


seen = {"versions": {each.__name__: each.__version__ for each in (pandas, pyarrow, duckdb, numpy)}}
for name in ("embedding", "embedding-patches"):
    seen[name] = {
        "pandas": by_pandas(str(fixtures / f"{name}.parquet")),
        "duckdb": by_duckdb(str(fixtures / f"{name}.parquet")),
        "numpy": by_numpy(str(fixtures / f"{name}.npy")),
    }
(fixtures / "embedding.json").write_text(json.dumps(seen, indent=1, ensure_ascii=False) + "\n")
