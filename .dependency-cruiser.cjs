// The layers of docs/architecture.md, lowest first: a folder may import itself, those before it in its own column of
// the table, and the foundation.
const below = {};
below.tensor = [];
below.nn = below.engine = ['tensor'];
below.data = [];
below.ranks = [];
below['world-model'] = ['tensor', 'nn'];
below.run = ['tensor', 'nn', 'engine', 'data', 'world-model'];
below.evaluate = below.encoders = [...below.run, 'run'];
below.model = [...below.evaluate, 'evaluate'];
below.train = [...below.model, 'ranks'];
below.verbs = below.speed = below.adapt = [...below.train, 'train', 'model', 'encoders'];
below.web = [...below.adapt, 'adapt'];
below.report = below.embed = below.export = [...below.adapt, 'verbs', 'adapt'];
below.study = [...below.report, 'report'];
below.studio = [...below.adapt, 'web', 'adapt'];
// Below every layer.
const foundation =
  '^src/(cache|csv|errors|git-lfs|json|json-file|koffi|log|make-folder|median|processor|random|warning|words)\\.ts$';

// What runs in a browser too: it knows neither Node nor a package that needs it.
const core = `^src/(${[
  '(tensor|nn|world-model|evaluate|model|train|web)/',
  'run/[^/]+$',
  'adapt/(network|scores)/',
  'adapt/settings\\.ts$',
  'adapt/inputs/(inputs|predictions)\\.ts$',
  'adapt/model/(adapted-config|colours|tuned-model)\\.ts$',
  'adapt/tasks/(mask-classes|name-tasks|task|task-classes|told-classes)\\.ts$',
  'engine/(calling|compiled|device-memory|engine|feeds|index|onnxruntime|one-at-a-time|onnxruntime-web|product-rate|runtime|values)\\.ts$',
  'ranks/(exchange|ranks)\\.ts$',
  'data/(class-(numbers|table)|dataset-json|folder(-(classes|labels|masks|names|rest|splits))?)\\.ts$',
  'data/(image-(endings|folder|set)|known-images|mask|mask-files|match-masks|most-pixels|path-names|source|splits)\\.ts$',
  'data/(drawn-images|memory-pixels|pixel-images|planes|resize-square|scene|synthetic)\\.ts$',
  '(csv|errors|git-lfs|json|log|median|random|words)\\.ts$',
].join('|')})`;
const portablePackages =
  'node_modules/(@bufbuild/protobuf|fast-png|fastest-levenshtein|ml-matrix|onnxruntime-(common|web)|zod)/';

const layerRules = Object.entries(below).map(([layer, known]) => ({
  name: `${layer}-layer`,
  comment: `src/${layer} knows ${known.length > 0 ? known.join(', ') : 'no other layer'}.`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: [foundation, `^src/(${[layer, ...known].join('|')})/`] },
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
      from: { path: '^src/[^/]+/', pathNot: `^src/(${[...Object.keys(below), 'cli'].join('|')})/` },
      to: {},
    },
    {
      name: 'core-is-portable',
      comment: 'The core runs in a browser: what needs Node stands outside of it, in a thin shell.',
      severity: 'error',
      from: { path: core },
      to: { pathNot: [core, portablePackages] },
    },
    {
      name: 'page-through-the-web-front',
      comment: "The studio's page reaches the model as any other page does: by image-world-models/web.",
      severity: 'error',
      from: { path: '^studio/' },
      to: { path: '^src/' },
    },
    {
      name: 'runtime-only-in-engine',
      comment:
        'Another runtime must be able to take the place of ONNX Runtime without a change above src/engine.',
      severity: 'error',
      from: { pathNot: '^src/(engine/|koffi\\.ts)' },
      to: { path: '^node_modules/(onnxruntime-|koffi)' },
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
      // The page's own name for the web front, which its tsconfig.json and Vite know.
      to: { couldNotResolve: true, pathNot: '^image-world-models/web$' },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'What the package imports must be among its dependencies, or its installed copy breaks.',
      severity: 'error',
      // The page is bundled.
      from: { pathNot: '^studio/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
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
