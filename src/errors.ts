/** A mistake in what the user gave: shown as one line on standard error, never with a stack trace. */
export class UserError extends Error {
  override name = 'UserError';
  /** @param message one line: what is wrong, where (file, row, key, option), what to do
   *  @param exitCode 2 for a wrong command line or configuration, 1 for anything else */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}
