/** Red, green and blue, each 0 … 255. */
export type Colour = readonly [number, number, number];

/** Turns of the circle of hues from class to class: the golden section, so that neighbours in number never look alike. */
const TURN = 0.618034;
/** Classes go around in rings of different lightness, so that equal hues differ all the same. */
const RINGS = [
  [0.62, 0.55],
  [0.75, 0.75],
  [0.5, 0.32],
] as const;

/** A colour for class 0, 1, …; always the same, and apart from those of other classes as far as 256 can be. */
export function classColour(index: number): Colour {
  const [saturation, lightness] = RINGS[index % RINGS.length] as (typeof RINGS)[number];
  const hue = (0.55 + index * TURN) % 1;
  const spread = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const place = (offset + hue * 12) % 12;
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** `#4f86c6` */
export function hex(colour: Colour): string {
  return `#${colour.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}
