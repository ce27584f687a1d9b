// Says times and values in words. Times are microseconds since 1970, as the host counts them.

const SECOND = 1e6, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

const few = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3).replace(/\.?0+$/, ""));

// A length of time, with as many digits as one reads: 4.2 ms, 12.5 s, 3 min 20 s, 2 h 5 min.
export function length(us) {
  if (us < 1000) return `${Math.max(0, Math.round(us))} µs`;
  if (us < SECOND) return `${few(us / 1000)} ms`;
  if (us < MINUTE) return `${few(us / SECOND)} s`;
  const [big, unit, small, part] = us < HOUR ? [MINUTE, "min", SECOND, "s"] : us < DAY ? [HOUR, "h", MINUTE, "min"] : [DAY, "d", HOUR, "h"];
  const parts = Math.round(us / small), whole = Math.floor((parts * small) / big), rest = parts - (whole * big) / small;
  return rest ? `${whole} ${unit} ${rest} ${part}` : `${whole} ${unit}`;
}

export const ago = (us, now) => (now - us < SECOND ? "just now" : `${coarse(now - us)} ago`);

function coarse(us) {
  for (const [unit, name] of [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"]]) if (us >= unit) return `${Math.floor(us / unit)} ${name}`;
  return `${Math.floor(us / SECOND)} s`;
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" };

export const clock = (us) => new Date(us / 1000).toLocaleTimeString([], CLOCK);
export const moment = (us) => new Date(us / 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

// JSON text laid out for reading; a JSON text within the JSON (an input given as one) is opened too.
export function pretty(text) {
  if (text === null || text === undefined) return "";
  try {
    let value = JSON.parse(text);
    if (typeof value === "string") {
      try {
        const inner = JSON.parse(value);
        if (typeof inner === "string" || (inner !== null && typeof inner === "object")) value = inner;
      } catch { /* plain text */ }
    }
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}

// The same in one line; of a flat object names and values alone: state running · progress 40.
export function oneLine(text) {
  const shown = pretty(text);
  try {
    const entries = Object.entries(JSON.parse(shown));
    const isFlat = shown.startsWith("{") && entries.every(([, value]) => value === null || typeof value !== "object");
    if (isFlat) return entries.map((entry) => entry.join(" ")).join(" · ");
  } catch { /* no JSON, or cut */ }
  return shown.replace(/\s+/g, " ").trim();
}
