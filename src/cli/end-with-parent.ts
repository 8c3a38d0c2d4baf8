/**
 * Where another program began this one with a channel to it, as `iwm study` does: stops in good order once that program
 * is gone. One that was killed cannot stop what it began, which would train on where it is begun again.
 */
export function endWithParent(): void {
  if (process.channel === undefined) return;
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // Its work done, this program ends, whether or not the other listens.
  process.channel.unref();
}
