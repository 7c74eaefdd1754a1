/** What the frame around all pages says. */
export const shell = {
  name: "Sidekick",
  pages: { inbox: "Inbox", overview: "Overview", board: "Board", plan: "Plan", chat: "Chat", accounts: "Accounts", machine: "Machine", settings: "Settings", access: "Access", more: "More" },
  main: "Main pages",
  skip: "Skip to the content",
  theme: { label: "Colours", system: "As the system", light: "Light", dark: "Dark" },
  running: (running: number, limit: number) => `${running} of ${limit} running`,
  silent: "The daemon does not answer. What you see may be old; it is tried again by itself.",
  offline: "No network. What you decide is kept and sent once when it is back.",
  broken: "This page could not be shown; your tasks go on. Load it again, or use the command line meanwhile:",
  absent: "There is no such page.",
  home: "To the inbox",
  waiting: (n: number) => (n === 1 ? "1 thing needs you" : `${n} things need you`),
};
