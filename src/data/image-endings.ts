/** Names of image files end so. */
export const imageEndings: readonly string[] = '.jpg .jpeg .jfif .jpe .png .webp .avif .gif .tif .tiff'.split(
  ' ',
);

/** Names of image files that are not read end so. */
export const undecodedEndings: readonly string[] = (
  '.bmp .dib .ico .heic .heif .jp2 .j2k .jxl .svg .eps .psd .tga .dds .pbm .pgm .ppm .pnm .exr .hdr .fits .dcm ' +
  '.dng .cr2 .cr3 .nef .arw'
).split(' ');
