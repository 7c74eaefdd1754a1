/** Whether the letters of what was typed are in a text, in their order. */
export function fits(typed: string, text: string): boolean {
  let at = 0;
  for (const letter of typed.toLowerCase().replaceAll(" ", "")) {
    at = text.toLowerCase().indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
