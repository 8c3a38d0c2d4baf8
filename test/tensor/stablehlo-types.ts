import assert from 'node:assert/strict';

/**
 * Checks a StableHLO text without a compiler: every value is written once, before it is used, and used as what it was
 * written as.
 */
export function checkTypes(text: string): void {
  const types = new Map<string, string>();
  const define = (name: string, type: string): void => {
    assert.ok(!types.has(name), `${name} is written twice`);
    types.set(name, type);
  };
  for (const [, name = '', type = ''] of text.matchAll(/(%arg\d+): (tensor<[^>]*>)/g)) define(name, type);
  for (const line of text.split('\n').slice(2)) {
    const [, name, body = line] = /^\s*(%\d+) = (.*)$/.exec(line) ?? [];
    const [operation, signature = ''] = splitSignature(body);
    const operands = [...operation.matchAll(/%\w+/g)].map(([operand]) => operand);
    const given = [...signature.matchAll(/tensor<[^>]*>/g)].map(([type]) => type);
    const result = signature.includes('->') || operation.includes('constant') ? given.pop() : given.at(-1);
    operands.forEach((operand, i) => {
      const type = types.get(operand);
      assert.ok(type !== undefined, `${operand} is used before it is written: ${line}`);
      // One type stands for all operands; a selection names that of its condition and that of the others.
      assert.equal(given[Math.min(i, given.length - 1)], type, `${operand} of ${line}`);
    });
    if (name !== undefined) define(name, result ?? '');
  }
}

/** What is behind the last colon that stands outside of brackets. */
function splitSignature(body: string): [string, string] {
  const at = body.lastIndexOf(' : ');
  return at < 0 ? [body, ''] : [body.slice(0, at), body.slice(at)];
}
