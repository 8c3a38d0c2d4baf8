/** What started this process as one of several. */
export interface Launch {
  readonly rank: number;
  readonly size: number;
  /** The variable of the environment that says so. */
  readonly variable: string;
}

/** Where launchers say how many ranks there are, and which one a process is: Open MPI's; MPICH's and its kin's; Slurm's. */
const variables = [
  ['OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_RANK'],
  ['PMI_SIZE', 'PMI_RANK'],
  ['SLURM_STEP_NUM_TASKS', 'SLURM_PROCID'],
] as const;

/** How this process was started among others; undefined where it is alone. */
export function launched(environment: NodeJS.ProcessEnv = process.env): Launch | undefined {
  for (const [variable, place] of variables) {
    const [size, rank] = [Number(environment[variable]), Number(environment[place])];
    if (size > 1 && rank >= 0) return { rank, size, variable };
  }
  return undefined;
}
