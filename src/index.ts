/** The library's front: a trained model to use, and the verbs of the command line. */
export { type AdaptOptions, adapt } from './adapt/adapt.js';
export { AdaptedModel, type Classification, type Segmentation } from './adapt/model/adapted-model.js';
export {
  type AdaptedEvaluation,
  evaluateAdapted,
  type MeasuredTask,
} from './adapt/model/evaluate-adapted.js';
export { type ProbeChoices, type ProbeOptions, probeRun } from './adapt/probe.js';
export type { ProbeResult } from './adapt/probe-result.js';
export type { AdaptationResult, TaskResult } from './adapt/result.js';
export type { AdaptationChoices, TaskChoice } from './adapt/settings.js';
export { readImages, type Seeing } from './data/image-files.js';
export type { BadSample, ImageSet } from './data/image-set.js';
export { openImages, type Split } from './data/images.js';
export { openSegmentation, type SegmentationSample, type SegmentationSet } from './data/segmentation.js';
export { type Embedding, type EmbedOptions, embed } from './embed/embed.js';
export { type ForeignEncoder, openEncoder } from './encoders/open-encoder.js';
export { UserError } from './errors.js';
export type { Retrieval } from './evaluate/retrieval.js';
export { type Exported, type ExportOptions, exportModel } from './export/export-model.js';
export type { Log } from './log.js';
export type { Inference, InferredAction } from './model/search-action.js';
export type { Latents } from './model/trained-model.js';
export { openRanks } from './ranks/open-ranks.js';
export type { Ranks } from './ranks/ranks.js';
export { reportAdapted } from './report/report-adapted.js';
export { reportRun } from './report/report-run.js';
export { adopt, type Config, resolve } from './run/config.js';
export { presets } from './run/presets.js';
export { type Bench, bench } from './speed/bench.js';
export { runStudy, type StudyOptions, type StudyResult } from './study/run-study.js';
export { readStudy, type Study } from './study/study.js';
export { type Evaluation, evaluateRun } from './verbs/evaluate-run.js';
export { inferFiles } from './verbs/infer.js';
export { type Prediction, type PredictOptions, predictImage } from './verbs/predict.js';
export { type PretrainOptions, type PretrainResult, pretrain } from './verbs/pretrain.js';
export { WorldModel } from './verbs/world-model.js';
export { type Action, actionNames } from './world-model/index.js';
