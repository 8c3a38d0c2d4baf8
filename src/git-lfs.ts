const POINTER = 'version https://git-lfs.github.com/';

/**
 * Whether a file is what Git LFS leaves in the place of one that was not fetched, and what to do, in words.
 * @param start the first bytes of the file, a hundred or more where it has them
 */
export function notFetched(start: Uint8Array): string | undefined {
  const told = new TextDecoder().decode(start.subarray(0, POINTER.length));
  return told === POINTER
    ? 'a pointer of Git LFS, not the file itself: fetch it with git lfs pull'
    : undefined;
}
