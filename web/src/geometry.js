// Places on ellipses, with angles in degrees, clockwise from the right.

const radians = (angle) => angle * Math.PI / 180;
const rounded = (value) => Math.round(value * 10) / 10;

/** The point at that part of the way from the middle to the ellipse. */
export function polar(middle, reach, part, angle) {
  return {
    x: rounded(middle.x + reach.x * part * Math.cos(radians(angle))),
    y: rounded(middle.y + reach.y * part * Math.sin(radians(angle))),
  };
}

/** The path of an arc of the ellipse, clockwise. */
export function arc(middle, reach, part, from, to) {
  const start = polar(middle, reach, part, from);
  const end = polar(middle, reach, part, to);
  const isLarge = to - from > 180 ? 1 : 0;
  const radii = `${rounded(reach.x * part)} ${rounded(reach.y * part)}`;
  return `M${start.x} ${start.y}A${radii} 0 ${isLarge} 1 ${end.x} ${end.y}`;
}

/** The angle of one of `count` that stand around `centre`, at most 65 degrees away from it. */
export function spread(centre, index, count) {
  const width = Math.min(130, count * 32);
  return count === 1 ? centre : centre - width / 2 + width * index / (count - 1);
}
