/** What the palette and the list of keys say. */
export const palette = {
  title: "Go to, find, do",
  placeholder: "Go to a page, a project, a task; or do something",
  results: "What fits",
  nothing: "Nothing fits.",
  page: "page", project: "project", action: "action",
  actions: { light: "Light colours", dark: "Dark colours", system: "Colours of the system", keys: "Show the keys", reload: "Load the page again" },
  hint: "Arrows choose, Enter goes, Escape closes.",
  open: "Find or do…", keys: "Keys",
  listed: "On this page", everywhere: "Everywhere",
  keysPalette: "search and commands", keysList: "this list",
  letters: "Keys of one letter do something",
};
