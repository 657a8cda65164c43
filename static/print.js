// The button that prints the page. Nothing secret stays in a page that the browser keeps for its back button.
"use strict";

(() => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  addEventListener("pagehide", () => {
    for (const secret of document.querySelectorAll(".secret")) secret.textContent = "";
  });
})();
