// The buttons that copy what stands beside them. Without this script they stay hidden, and a click selects the value.
"use strict";

(() => {
  const said = document.querySelector("[data-copied]");
  const say = (button, done) => {
    said.textContent = done ? said.dataset.copied : said.dataset.notCopied;
    button.classList.toggle("done", done);
    setTimeout(() => {
      button.classList.remove("done");
      said.textContent = "";
    }, 3000);
  };
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", () =>
      navigator.clipboard.writeText(button.dataset.copy).then(
        () => say(button, true),
        () => say(button, false),
      ),
    );
  }

  // A secret that is shown once: nothing of it stays in a page that the browser keeps for its back button.
  const secret = document.querySelector(".secret");
  if (secret) {
    addEventListener("pagehide", () => {
      secret.textContent = "";
      document.querySelector("[data-copy]").dataset.copy = "";
      document.querySelector("[data-download]")?.removeAttribute("href");
    });
  }
})();
