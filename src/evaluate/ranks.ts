/**
 * Rank of the right one among a bank by similarity: 1 + those closer + *others equally close*, so that a model
 * that says the same of everything ranks last, not first.
 * @param similarities of one prediction to every version of the bank; larger is closer
 * @throws Error where one is not finite
 */
export function rankOf(similarities: ArrayLike<number>, right: number): number {
  const own = similarities[right] as number;
  let rank = 1;
  for (let i = 0; i < similarities.length; i++) {
    const other = similarities[i] as number;
    if (!Number.isFinite(other))
      throw new Error(`similarity ${i} of the bank is ${other}: the model's latents are not finite`);
    if (i !== right && other >= own) rank++;
  }
  return rank;
}

/** Mean reciprocal rank by chance: H(n) / n. */
export function chance(bank: number): number {
  let sum = 0;
  for (let rank = 1; rank <= bank; rank++) sum += 1 / rank;
  return sum / bank;
}

/** Mean and its standard error, which one value alone does not have. */
export function meanAndError(values: readonly number[]): { mean: number; standardError: number | undefined } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    standardError: values.length > 1 ? Math.sqrt(squares / (values.length - 1) / values.length) : undefined,
  };
}
