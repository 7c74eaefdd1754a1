// What programs print for terminals, as lines of styled pieces. Never HTML: a piece is text and the names of its styles.
// Colours and weights are kept; everything else that a terminal would obey is taken out. Pure.

export interface Piece { text: string; classes: string; colour?: string | undefined }

interface Style { bold: boolean; dim: boolean; italic: boolean; underline: boolean; inverse: boolean; colour: number | string | undefined; ground: number | undefined }

const PLAIN: Style = { bold: false, dim: false, italic: false, underline: false, inverse: false, colour: undefined, ground: undefined };
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
/** Longer output is cut at its beginning. */
const MOST_CHARS = 2_000_000;

function cube(n: number): number | string {
  if (n < 16) return n % 8;
  if (n > 231) { const grey = 8 + (n - 232) * 10; return `rgb(${grey} ${grey} ${grey})`; }
  const level = (of: number) => (of === 0 ? 0 : 55 + of * 40);
  const m = n - 16;
  return `rgb(${level(Math.floor(m / 36))} ${level(Math.floor(m / 6) % 6)} ${level(m % 6)})`;
}

function apply(style: Style, codes: number[]): Style {
  let now = style;
  for (let n = 0; n < codes.length; n++) {
    const code = codes[n]!;
    if (code === 0) now = PLAIN;
    else if (code === 1) now = { ...now, bold: true };
    else if (code === 2) now = { ...now, dim: true };
    else if (code === 3) now = { ...now, italic: true };
    else if (code === 4) now = { ...now, underline: true };
    else if (code === 7) now = { ...now, inverse: true };
    else if (code === 22) now = { ...now, bold: false, dim: false };
    else if (code === 23) now = { ...now, italic: false };
    else if (code === 24) now = { ...now, underline: false };
    else if (code === 27) now = { ...now, inverse: false };
    else if (code >= 30 && code <= 37) now = { ...now, colour: code - 30 };
    else if (code >= 90 && code <= 97) now = { ...now, colour: code - 90 };
    else if (code === 39) now = { ...now, colour: undefined };
    else if (code >= 40 && code <= 47) now = { ...now, ground: code - 40 };
    else if (code >= 100 && code <= 107) now = { ...now, ground: code - 100 };
    else if (code === 49) now = { ...now, ground: undefined };
    else if (code === 38 || code === 48) {
      const found = codes[n + 1] === 5 ? cube(Math.min(codes[n + 2] ?? 0, 255)) : codes[n + 1] === 2 ? `rgb(${[codes[n + 2], codes[n + 3], codes[n + 4]].map((part) => Math.min(part ?? 0, 255)).join(" ")})` : undefined;
      n += codes[n + 1] === 5 ? 2 : codes[n + 1] === 2 ? 4 : 0;
      if (code === 38) now = { ...now, colour: found };
    }
  }
  return now;
}

function classes(style: Style): string {
  const names = [
    typeof style.colour === "number" ? `ansi-${NAMES[style.colour]}` : "", style.ground === undefined ? "" : `ansi-on-${NAMES[style.ground]}`,
    style.bold ? "font-semibold" : "", style.dim ? "opacity-70" : "", style.italic ? "italic" : "", style.underline ? "underline" : "", style.inverse ? "ansi-inverse" : "",
  ];
  return names.filter(Boolean).join(" ");
}

// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b(?:\[([0-?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The lines of some output. A carriage return begins the line anew, as progress bars mean it. */
export function ansi(output: string): Piece[][] {
  const whole = output.length > MOST_CHARS ? output.slice(-MOST_CHARS) : output;
  let style = PLAIN;
  return whole.replace(/\r\n/g, "\n").split("\n").map((line) => {
    let pieces: Piece[] = [];
    const put = (text: string) => {
      // What a bar printed before its last carriage return was overwritten.
      const back = text.lastIndexOf("\r");
      if (back >= 0 && back < text.length - 1) pieces = [];
      const clean = (back >= 0 && back < text.length - 1 ? text.slice(back + 1) : text).replace(CONTROL, "");
      if (clean) pieces.push({ text: clean, classes: classes(style), ...(typeof style.colour === "string" ? { colour: style.colour } : {}) });
    };
    let at = 0;
    for (const match of line.matchAll(SEQUENCE)) {
      put(line.slice(at, match.index));
      at = match.index + match[0].length;
      if (match[2] === "m") style = apply(style, (match[1] || "0").split(/[;:]/).map(Number));
      // The line is cleared: what was there is gone.
      else if (match[2] === "K" && (match[1] === "2" || match[1] === "1")) pieces = [];
    }
    put(line.slice(at));
    return pieces;
  });
}
