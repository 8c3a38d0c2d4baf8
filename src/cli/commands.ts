import type { Command } from 'commander';
import { registerAdapt } from './adapt.js';
import { registerBench } from './bench.js';
import { registerClassify } from './classify.js';
import { registerConfig } from './config.js';
import { registerDemo } from './demo.js';
import { registerDevices } from './devices.js';
import { registerEmbed } from './embed.js';
import { registerEvaluate } from './evaluate.js';
import { registerExport } from './export.js';
import { registerInfer } from './infer.js';
import { registerMetrics } from './metrics.js';
import { registerPredict } from './predict.js';
import { registerPretrain } from './pretrain.js';
import { registerProbe } from './probe.js';
import { registerReport } from './report.js';
import { registerSegment } from './segment.js';
import { registerStudio } from './studio.js';
import { registerStudy } from './study.js';

/**
 * Adds one command to the program with `program.command(name)`, so that it inherits how mistakes are told.
 * Its action is a thin call of an exported function of the library, imported inside the action
 * (`await import('../verbs/pretrain.js')`), so that `--help` need not load the engine.
 */
export type RegisterCommand = (program: Command) => void;

/** The commands of `iwm`, in the order in which `--help` lists them. */
export const commands: readonly RegisterCommand[] = [
  registerPretrain,
  registerEvaluate,
  registerPredict,
  registerInfer,
  registerEmbed,
  registerProbe,
  registerAdapt,
  registerClassify,
  registerSegment,
  registerStudy,
  registerExport,
  registerStudio,
  registerConfig,
  registerMetrics,
  registerReport,
  registerBench,
  registerDevices,
  registerDemo,
];
