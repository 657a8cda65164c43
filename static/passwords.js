// The buttons that show a password while it is typed. Without this script they stay hidden. What is sent, and what a
// browser keeps of the page, is hidden again.
"use strict";

(() => {
  const buttons = document.querySelectorAll(".reveal");
  const show = (button, shown) => {
    document.getElementById(button.getAttribute("aria-controls")).type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  const hideAll = () => buttons.forEach((button) => show(button, false));
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => show(button, button.getAttribute("aria-pressed") !== "true"));
  }
  addEventListener("submit", hideAll, true);
  addEventListener("pagehide", hideAll);
})();
