const GAP = 24;
const COLUMNS = 2;

/** Pictures of one size side by side, two in a row, on white. */
export function svgGrid(drawn: readonly string[]): string {
  const sizes = drawn.map((svg) =>
    ["width", "height"].map((side) => Number(new RegExp(`<svg[^>]* ${side}="([\\d.]+)`).exec(svg)?.[1])),
  );
  const width = Math.max(...sizes.map(([wide = 0]) => wide)) + GAP;
  const height = Math.max(...sizes.map(([, high = 0]) => high)) + GAP;
  const placed = drawn.map((svg, index) => {
    const at = `x="${GAP / 2 + (index % COLUMNS) * width}" y="${GAP / 2 + Math.floor(index / COLUMNS) * height}"`;
    return svg.replace(/^<\?xml[^>]*\?>\s*/, "").replace("<svg ", `<svg ${at} `);
  });
  const [wide, high] = [COLUMNS * width, Math.ceil(drawn.length / COLUMNS) * height];
  const size = `viewBox="0 0 ${wide} ${high}" width="${wide}" height="${high}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="#fff"/>${placed.join("\n")}</svg>\n`;
}
