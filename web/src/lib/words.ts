// Small texts: times, sizes, and text from agents made harmless to read.

export function ago(at: string | null | undefined, now = Date.now()): string {
  if (!at) return "";
  const seconds = Math.round((now - Date.parse(at)) / 1000);
  const text = span(Math.abs(seconds));
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

/** A time in one unit. */
export function span(seconds: number): string {
  return seconds < 60 ? `${Math.round(seconds)} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

/** Takes out escape sequences and control characters: agents' output is text, nothing more. */
export function plain(text: unknown): string {
  return String(text ?? "")
    // eslint-disable-next-line no-control-regex
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g, "")
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "");
}

export function size(diff: { files: number; insertions: number; deletions: number } | null | undefined): string {
  if (!diff) return "";
  if (diff.files === 0) return "nothing changed";
  return `${diff.files} ${diff.files === 1 ? "file" : "files"}, +${diff.insertions} −${diff.deletions}`;
}
