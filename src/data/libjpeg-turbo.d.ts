declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  /** A decoder with memory of its own; both buffers are parts of it, and hold until the next call. */
  class JPEGDecoder {
    /** Where a file of so many bytes is to be put. */
    getEncodedBuffer(bytes: number): Uint8Array;
    /** Throws a number, or an error, for a file that cannot be decoded; then the module is not to be used again. */
    decode(): void;
    /** The pixels, [height, width, components]. */
    getDecodedBuffer(): Uint8Array;
  }
  const create: (options: {
    print: () => void;
    printErr: () => void;
  }) => Promise<{ JPEGDecoder: typeof JPEGDecoder }>;
  export default create;
}
