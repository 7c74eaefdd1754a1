// Before anything is painted: light or dark, as it was chosen here, or as the system has it.
(function () {
  var dark = matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var chosen = localStorage.getItem("theme");
    var theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
    var meta = document.querySelector("meta[name=theme-color]");
    if (meta) meta.setAttribute("content", theme === "dark" ? "#0c0a09" : "#fafaf9");
  }
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("theme", apply);
})();
