// The layers of docs/architecture.md, lowest first: a folder may import itself and what its entry names.
const layers = {
  tensor: [],
  engine: ['tensor'],
  nn: ['tensor'],
  data: [],
  'world-model': ['tensor', 'nn'],
  train: ['tensor', 'engine', 'nn', 'data', 'world-model', 'evaluate', 'export'],
  evaluate: ['tensor', 'engine', 'nn', 'data', 'world-model', 'train', 'export'],
  export: ['tensor', 'engine', 'nn', 'data', 'world-model', 'train', 'evaluate'],
  adapt: ['tensor', 'engine', 'nn', 'data', 'world-model', 'train', 'evaluate'],
  report: ['tensor', 'engine', 'nn', 'data', 'world-model', 'train', 'evaluate', 'export'],
};
// Below every layer.
const foundation = '^src/(errors|json-file|random|words)\\.ts$';

const layerRules = Object.entries(layers).map(([layer, below]) => ({
  name: `${layer}-layer`,
  comment: `src/${layer} knows ${below.length > 0 ? below.join(', ') : 'no other layer'}.`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: [foundation, `^src/(${[layer, ...below].join('|')})/`] },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'foundation-below-all',
      comment: 'They know nothing of the project but each other.',
      severity: 'error',
      from: { path: foundation },
      to: { path: '^src/', pathNot: foundation },
    },
    {
      name: 'command-line-on-top',
      comment: 'Nothing but the command line itself imports src/cli.',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'every-folder-has-a-layer',
      comment: 'A new folder under src gets its entry in the table of layers first.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${[...Object.keys(layers), 'cli'].join('|')})/` },
      to: {},
    },
    {
      name: 'runtime-only-in-engine',
      comment:
        'Another runtime must be able to take the place of ONNX Runtime without a change above src/engine.',
      severity: 'error',
      from: { pathNot: '^src/engine/' },
      to: { path: 'onnxruntime' },
    },
    {
      name: 'no-cycles',
      comment: 'Also not through types alone: two files that need each other are one idea.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that cannot be found.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'What the package imports must be among its dependencies, or its installed copy breaks.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
