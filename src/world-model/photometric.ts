import {
  add,
  clamp,
  concat,
  constant,
  div,
  equal,
  floor,
  greater,
  less,
  maximum,
  mean,
  minimum,
  mul,
  split,
  sub,
  sum,
  type Tensor,
  where,
} from '../tensor/index.js';

// Formulas of torchvision.transforms.functional on float tensors (_functional_tensor.py). Images are [B, 3, H, W]
// with values in 0..1; each sample has its own parameter, [B, 1, 1, 1].

const luma = constant([0.2989, 0.587, 0.114], { shape: [1, 3, 1, 1] });

/** The grey image, [B, 1, H, W]: .2989 R + .587 G + .114 B (`rgb_to_grayscale`). */
function grey(image: Tensor): Tensor {
  return sum(mul(image, luma), [1], true);
}

/** `_blend`: factor · image + (1 − factor) · other, limited to 0..1. */
function blend(image: Tensor, other: Tensor, factor: Tensor): Tensor {
  return clamp(add(mul(image, factor), mul(other, sub(1, factor))), 0, 1);
}

/** `adjust_brightness`: all values times the factor; 1 is the identity. */
export function brightness(image: Tensor, factor: Tensor): Tensor {
  return clamp(mul(image, factor), 0, 1);
}

/** `adjust_contrast`: blends with the image's mean grey; 1 is the identity, 0 is flat. */
export function contrast(image: Tensor, factor: Tensor): Tensor {
  return blend(image, mean(grey(image), [2, 3], true), factor);
}

/** `adjust_saturation`: blends with the grey image; 1 is the identity, 0 is grey. */
export function saturation(image: Tensor, factor: Tensor): Tensor {
  return blend(image, grey(image), factor);
}

/**
 * `adjust_hue`: turns the hue by `shift` of a full circle, −.5..5; 0 is the identity. RGB → HSV as torchvision;
 * back by its equal closed form, channel n ∈ {5, 3, 1} = max − range · limit(min(k, 4 − k), 0, 1) with
 * k = (n + 6 · hue) mod 6, which needs no choice among six sectors.
 */
export function hue(image: Tensor, shift: Tensor): Tensor {
  const [red, green, blue] = split(image, 1, [1, 1, 1]) as [Tensor, Tensor, Tensor];
  const top = maximum(maximum(red, green), blue);
  const range = sub(top, minimum(minimum(red, green), blue));
  const redTops = equal(red, top);
  const greenTops = equal(green, top);
  const difference = where(redTops, sub(green, blue), where(greenTops, sub(blue, red), sub(red, green)));
  const sector = where(redTops, 0, where(greenTops, constant(2), constant(4)));
  // A grey pixel has range 0 and difference 0, so its hue is 0 whatever the divisor.
  const sextants = add(sector, div(difference, where(equal(range, 0), 1, range)));
  const turned = add(sextants, mul(shift, 6));
  const k = add(turned, constant([5, 3, 1], { shape: [1, 3, 1, 1] }));
  const wrapped = sub(k, mul(floor(mul(k, 1 / 6)), 6));
  return sub(top, mul(range, clamp(minimum(wrapped, sub(4, wrapped)), 0, 1)));
}

/** `to_grayscale` with three equal channels, where the flag is 1; the image itself where it is 0. */
export function grayscale(image: Tensor, flag: Tensor): Tensor {
  const flat = grey(image);
  return where(greater(flag, 0.5), concat([flat, flat, flat], 1), image);
}

/** `solarize` at threshold .5: values from .5 up are inverted, where the flag is 1. */
export function solarize(image: Tensor, flag: Tensor): Tensor {
  // Below the threshold, or with flag 0, the value stays; one comparison serves both.
  return where(less(mul(image, flag), 0.5), image, sub(1, image));
}
