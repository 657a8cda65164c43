// Counts down to the end of a ban, and then shows the way on. Without this script the page says until when it is.
"use strict";

(() => {
  const line = document.querySelector("[data-seconds]");
  const left = line.querySelector("[role=timer]");
  const end = Date.now() + 1000 * line.dataset.seconds;
  const tick = () => {
    const seconds = Math.max(Math.ceil((end - Date.now()) / 1000), 0);
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    line.hidden = seconds === 0;
    if (seconds > 0) setTimeout(tick, 250);
    else for (const part of document.querySelectorAll(".over")) part.hidden = false;
  };
  tick();
})();
