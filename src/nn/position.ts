import { constant, type Tensor } from '../tensor/index.js';

/**
 * Fixed two-dimensional sine-cosine positions, as in MAE and I-JEPA: half the features tell the column, half the row.
 * @param width a multiple of 4
 * @returns constant [rows · columns, width]
 */
export function sineCosine(rows: number, columns: number, width: number): Tensor {
  const table = new Float32Array(rows * columns * width);
  const quarter = width / 4;
  for (let token = 0; token < rows * columns; token++)
    [token % columns, Math.floor(token / columns)].forEach((place, half) => {
      for (let i = 0; i < quarter; i++) {
        const angle = place / 10000 ** (i / quarter);
        table[token * width + half * 2 * quarter + i] = Math.sin(angle);
        table[token * width + half * 2 * quarter + quarter + i] = Math.cos(angle);
      }
    });
  return constant(table, { shape: [rows * columns, width] });
}
