// The buttons that copy what stands beside them. Without this script they stay hidden, and a click selects the value.
"use strict";

(() => {
  const said = document.querySelector("[data-copied]");
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      said.textContent = ""; // said again if it is the same
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        said.textContent = said.dataset.copied;
        button.classList.add("done");
      } catch {
        said.textContent = said.dataset.notCopied;
      }
      setTimeout(() => {
        button.classList.remove("done");
        said.textContent = "";
      }, 3000);
    });
  }
})();
