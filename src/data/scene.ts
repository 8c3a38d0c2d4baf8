import { purpose, type Random, random } from '../random.js';

/** The classes of synthetic scenes: what the main object is. */
export const syntheticClasses = [
  'disc',
  'square',
  'triangle',
  'star',
  'ring',
  'cross',
  'diamond',
  'crescent',
  'bar',
  'blob',
] as const;

type Colour = readonly [number, number, number];

/** A colour from hue (circles), saturation and value in 0..1. */
function hsv(hue: number, saturation: number, value: number): Colour {
  const channel = (offset: number): number => {
    const k = (offset + hue * 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}

/** Nothing of a shape is farther from its origin. */
const REACH = 1.1;

/** Signed distance to a shape of size about 1 around the origin; negative inside. */
function distance(shape: number, x: number, y: number, phase: number): number {
  switch (shape) {
    case 0:
      return Math.hypot(x, y) - 0.9;
    case 1:
      return Math.max(Math.abs(x), Math.abs(y)) - 0.75;
    case 2:
      return Math.max(0.866 * Math.abs(x) + 0.5 * y, -y) - 0.5;
    case 3:
      return Math.hypot(x, y) - 0.62 - 0.33 * Math.cos(5 * Math.atan2(y, x));
    case 4:
      return Math.abs(Math.hypot(x, y) - 0.7) - 0.22;
    case 5:
      return Math.min(
        Math.max(Math.abs(x) - 0.28, Math.abs(y) - 0.95),
        Math.max(Math.abs(y) - 0.28, Math.abs(x) - 0.95),
      );
    case 6:
      return Math.abs(x) * 1.35 + Math.abs(y) * 0.85 - 0.8;
    case 7:
      return Math.max(Math.hypot(x, y) - 0.95, 0.75 - Math.hypot(x - 0.45, y));
    case 8:
      return Math.max(Math.abs(x) - 1.05, Math.abs(y) - 0.3);
    default: {
      const angle = Math.atan2(y, x);
      return Math.hypot(x, y) - 0.7 - 0.13 * Math.sin(3 * angle + phase) - 0.1 * Math.sin(2 * angle - phase);
    }
  }
}

/** A surface: two colours mixed by a pattern. */
interface Surface {
  readonly first: Colour;
  readonly second: Colour;
  readonly pattern: number;
  readonly frequency: number;
  /** Cosine and sine of its direction. */
  readonly direction: readonly [number, number];
}

/** What surfaces are drawn from: the ranges of the first colour's hue (circles), of saturation, value and the pattern's frequency. */
interface Material {
  readonly hue: readonly [number, number];
  readonly saturation: readonly [number, number];
  readonly value: readonly [number, number];
  readonly patterns: readonly number[];
  readonly frequency: readonly [number, number];
}

/** Of anything, and duller than things. */
const backgrounds: Material = {
  hue: [0, 1],
  saturation: [0.1, 0.8],
  value: [0.1, 0.9],
  patterns: [0, 1, 2, 3, 4],
  frequency: [2, 9],
};

/**
 * What things of a class are made of: a range of hues and a pattern, coarse or fine. As in photographs a class shows in more than its outline, of
 * which an encoder that reads patches of 8 × 8 pixels can say little after minutes.
 */
const materials: readonly Material[] = syntheticClasses.map((_, i) => ({
  hue: [i / 10 - 0.1, i / 10 + 0.1],
  saturation: [0.5, 1],
  value: [0.35, 1],
  patterns: [i % 5],
  frequency: i < 5 ? [2, 4] : [6, 9],
}));

function surface(draw: Random, { hue, saturation, value, patterns, frequency }: Material): Surface {
  const first = draw.between(...hue);
  const second = first + draw.between(-0.2, 0.2);
  const colour = (of: number) => hsv((of + 1) % 1, draw.between(...saturation), draw.between(...value));
  return {
    first: colour(first),
    second: colour(second),
    pattern: patterns[draw.integer(patterns.length)] ?? 0,
    frequency: draw.between(...frequency),
    direction: direction(draw.between(0, Math.PI)),
  };
}

function direction(angle: number): readonly [number, number] {
  return [Math.cos(angle), Math.sin(angle)];
}

/** How much of the second colour a surface has at (x, y) in −1..1. */
function mixture({ pattern, frequency, direction: [cosine, sine] }: Surface, x: number, y: number): number {
  if (pattern === 0) return 0;
  const along = x * cosine + y * sine;
  const across = y * cosine - x * sine;
  if (pattern === 1) return 0.5 + along / 2.8;
  if (pattern === 2) return 0.5 + 0.5 * Math.tanh(4 * Math.sin(frequency * along));
  if (pattern === 3)
    return 0.5 + 0.5 * Math.tanh(4 * Math.sin(frequency * along) * Math.sin(frequency * across));
  return 0.5 + 0.5 * Math.sin(frequency * along + 1.5 * Math.sin(0.7 * frequency * across));
}

interface Thing {
  readonly shape: number;
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  /** Cosine and sine of the angle it is turned by. */
  readonly turn: readonly [number, number];
  readonly phase: number;
  readonly surface: Surface;
}

function thing(draw: Random, shape: number, main: boolean): Thing {
  const scale = main ? draw.between(0.65, 0.95) : draw.between(0.15, 0.28);
  const reach = main ? 0.2 : 0.85;
  return {
    shape,
    x: draw.between(-reach, reach),
    y: draw.between(-reach, reach),
    scale,
    turn: direction(draw.between(-0.5, 0.5)),
    phase: draw.between(0, 6.28),
    surface: surface(draw, materials[shape] ?? backgrounds),
  };
}

/** The class of scene `index`. */
export function sceneLabel(index: number): number {
  return random(purpose.scene, index).integer(syntheticClasses.length);
}

/** A scene: background, small things of other classes, and the main one in front. Always the same for an index. */
function scene(index: number): { background: Surface; things: readonly Thing[]; light: Colour } {
  const draw = random(purpose.scene, index);
  const label = draw.integer(syntheticClasses.length);
  const background = surface(draw, backgrounds);
  const small = Array.from({ length: draw.integer(3) }, () =>
    thing(draw, draw.integer(syntheticClasses.length), false),
  );
  return {
    background,
    things: [...small, thing(draw, label, true)],
    light: [draw.between(-0.3, 0.3), draw.between(-0.3, 0.3), draw.between(0.8, 1.1)],
  };
}

/**
 * Draws scene `index`.
 * @param out RGB bytes, written at `offset`, [size, size, 3]
 * @param map segmentation map [size, size], where wanted: 0 background, 1 + class elsewhere
 */
export function drawScene(index: number, size: number, out: Uint8Array, offset = 0, map?: Uint8Array): void {
  const { background, things, light } = scene(index);
  const soft = size / 2;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const x = (2 * column + 1) / size - 1;
      const y = (2 * row + 1) / size - 1;
      const pixel = row * size + column;
      const shade = light[2] + light[0] * x + light[1] * y;
      const below = mixture(background, x, y);
      let red = background.first[0] + below * (background.second[0] - background.first[0]);
      let green = background.first[1] + below * (background.second[1] - background.first[1]);
      let blue = background.first[2] + below * (background.second[2] - background.first[2]);
      if (map) map[pixel] = 0;
      for (const { shape, x: left, y: top, scale, turn, phase, surface: skin } of things) {
        const dx = (x - left) / scale;
        const dy = (y - top) / scale;
        // Beyond every shape and its soft edge.
        if (dx * dx + dy * dy > (REACH + 2 / (scale * soft)) ** 2) continue;
        const u = dx * turn[0] + dy * turn[1];
        const v = dy * turn[0] - dx * turn[1];
        const cover = Math.max(0, Math.min(1, 0.5 - distance(shape, u, v, phase) * scale * soft));
        if (cover === 0) continue;
        const second = mixture(skin, u, v);
        red += cover * (skin.first[0] + second * (skin.second[0] - skin.first[0]) - red);
        green += cover * (skin.first[1] + second * (skin.second[1] - skin.first[1]) - green);
        blue += cover * (skin.first[2] + second * (skin.second[2] - skin.first[2]) - blue);
        if (map && cover >= 0.5) map[pixel] = 1 + shape;
      }
      const at = offset + 3 * pixel;
      out[at] = Math.max(0, Math.min(255, Math.round(255 * red * shade)));
      out[at + 1] = Math.max(0, Math.min(255, Math.round(255 * green * shade)));
      out[at + 2] = Math.max(0, Math.min(255, Math.round(255 * blue * shade)));
    }
}
