import { classification } from './classification-task.js';
import { rotation } from './rotation-task.js';
import { segmentation } from './segmentation-task.js';
import type { TaskKind, TaskName } from './task.js';

/** All kinds of tasks; what they have in common is `task.ts`. */
export const taskKinds: Readonly<Record<TaskName, TaskKind>> = { classification, segmentation, rotation };
